// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Streams on Node's HTTP servers and clients. */
export type { NodeListener, NodeRequest, NodeResponse } from "./node-types.js";
export { type StreamServer, serve } from "./serve.js";
export type { ServeOptions } from "./serve-options.js";
export { type StreamNodeAdapterOptions, streamNodeAdapter } from "./stream-node-adapter.js";
export { createStreamTransport, type StreamTransportOptions } from "./stream-transport.js";
