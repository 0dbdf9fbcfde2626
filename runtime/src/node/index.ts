// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Streams on Node's HTTP servers and clients. */

export type { ConnectionState } from "./client/connection-pool.js";
export {
  createStreamTransport,
  type Http2TransportOptions,
  type StreamTransportOptions,
} from "./client/stream-transport.js";
export type { StreamTransport } from "./client/transport-connections.js";
export type { Http2Tuning } from "./http2/http2-options.js";
export type { NodeListener, NodeRequest, NodeResponse } from "./node-types.js";
export type { ConnectionProblem } from "./server/http2-session.js";
export { type RunningServer, serve } from "./server/serve.js";
export type { ServeOptions } from "./server/serve-options.js";
export { type StreamNodeAdapterOptions, streamNodeAdapter } from "./server/stream-node-adapter.js";
