// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What generated code calls. Versioned: old output keeps working. */
export type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
export type { ConnectRouter, Transport } from "@connectrpc/connect";
export { Code } from "@connectrpc/connect";
export type {
  BidiStreamingClient,
  ClientStreamingClient,
  ServerStreamingClient,
} from "../api/client-stream.js";
export type { StreamContext as HandlerContext } from "../api/context.js";
export type {
  StreamCallOptions,
  StreamClientOptions,
  StreamServiceOptions,
} from "../api/options.js";
export type {
  BidiStreamingServer,
  ClientStreamingServer,
  ServerStreamingServer,
} from "../api/server-stream.js";
export type { DeclaredError, TemporaryError } from "../errors/declared-errors.js";
export { createPlainServiceClient, createServiceClient } from "./client.js";
export { createServiceErrors } from "./errors.js";
export { registerService } from "./register.js";
