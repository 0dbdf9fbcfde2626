// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What generated code calls. Versioned: old output keeps working. */
export type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
export type { ConnectRouter, HandlerContext, Transport } from "@connectrpc/connect";
export { Code } from "@connectrpc/connect";
export type {
  BidiStreamingClient,
  ClientStreamingClient,
  ServerStreamingClient,
} from "../client-streams.js";
export type { DeclaredError, TemporaryError } from "../declared-errors.js";
export type { StreamCallOptions, StreamClientOptions, StreamServiceOptions } from "../options.js";
export type {
  BidiStreamingServer,
  ClientStreamingServer,
  ServerStreamingServer,
} from "../server-streams.js";
export { createServiceClient } from "./client.js";
export { createServiceErrors } from "./errors.js";
export { registerService } from "./register.js";
