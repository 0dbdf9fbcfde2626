// SPDX-License-Identifier: Apache-2.0
import { grpcOn2, type Peer } from "../peer.js";
import { dialGrpcJs } from "./grpc-js-client.js";
import { startGrpcJs } from "./grpc-js-server.js";

/** `@grpc/grpc-js`, on its own API. */
export const grpcJs: Peer = {
  name: "grpc-js",
  client: { wires: [grpcOn2], dial: async (options) => dialGrpcJs(options) },
  server: { wires: [grpcOn2], start: startGrpcJs },
};
