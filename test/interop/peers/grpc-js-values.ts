// SPDX-License-Identifier: Apache-2.0
import type { Readable } from "node:stream";
import type * as grpc from "@grpc/grpc-js";
import { fromRaw } from "../metadata.js";
import type { Metadata } from "../peer.js";

/** The messages of a stream, which may have another half that goes on. */
export function readable<T>(call: Readable): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => call.iterator({ destroyOnReturn: false }) };
}

/** grpc-js's metadata, as the tests have it. */
export function fromGrpc(metadata: grpc.Metadata): Metadata {
  return fromRaw(Object.keys(metadata.getMap()).map((name) => [name, metadata.get(name)]));
}
