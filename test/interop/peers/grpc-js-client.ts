// SPDX-License-Identifier: Apache-2.0
import { promisify } from "node:util";
import type { DescMethod } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { gate } from "../../support/gate.js";
import type { TestRequest, TestResponse, TestService } from "../gen/interop/v1/interop_pb.js";
import { entries, toRaw } from "../metadata.js";
import type { CallInit, DialOptions, Ending, Metadata, PeerClient } from "../peer.js";
import { definitionOf, statusDetails, unpackDetails } from "./grpc-definition.js";
import { fromGrpc, readable } from "./grpc-js-values.js";
import { firstOf, type IterableCall, iterableCall } from "./iterable-call.js";

type AnyCall = grpc.Call & {
  on(event: "metadata", listener: (metadata: grpc.Metadata) => void): unknown;
  on(event: "status", listener: (status: grpc.StatusObject) => void): unknown;
};
/** The half of a call that sends. */
type Writable = Pick<grpc.ClientWritableStream<TestRequest>, "write" | "end">;

/** A client on `url`. */
export function dialGrpcJs({ url, gzip }: DialOptions): PeerClient {
  const client = new grpc.Client(new URL(url).host, grpc.credentials.createInsecure(), {
    "grpc.default_compression_algorithm": gzip
      ? grpc.compressionAlgorithms.gzip
      : grpc.compressionAlgorithms.identity,
  });
  return {
    open: async (method: DescMethod, init) =>
      iterableCall((requests, signal) => open(client, method, init, requests, signal)),
    close: async () => client.close(),
  };
}

function open(
  client: grpc.Client,
  method: DescMethod,
  { headers, timeoutMs }: CallInit,
  requests: AsyncIterable<TestRequest>,
  signal: AbortSignal,
): IterableCall {
  const { path, requestSerialize, responseDeserialize } = definitionOf(
    method as typeof TestService.method.fullDuplexCall,
  );
  const metadata = new grpc.Metadata();
  for (const [name, value] of entries(headers)) metadata.add(name, toRaw(name, value));
  const options = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
  const common = [path, requestSerialize, responseDeserialize] as const;
  let header: Metadata = {};
  const status = gate<grpc.StatusObject>();
  const watch = <C extends AnyCall>(call: C): C => {
    call.on("metadata", (fields) => {
      header = fromGrpc(fields);
    });
    call.on("status", status.resolve);
    signal.addEventListener("abort", () => call.cancel());
    if (signal.aborted) call.cancel();
    return call;
  };
  const response = gate<TestResponse[]>();
  const onResponse = (_error: unknown, message?: TestResponse) =>
    response.resolve(message ? [message] : []);
  const one = async function* (): AsyncIterable<TestResponse> {
    yield* await response.promise;
  };
  const starts: Record<DescMethod["methodKind"], () => AsyncIterable<TestResponse>> = {
    async *unary() {
      const request = await firstOf(requests);
      watch(client.makeUnaryRequest(...common, request, metadata, options, onResponse));
      yield* one();
    },
    async *server_streaming() {
      const request = await firstOf(requests);
      const call = watch(client.makeServerStreamRequest(...common, request, metadata, options));
      yield* readable<TestResponse>(call);
    },
    client_streaming() {
      const call = client.makeClientStreamRequest(...common, metadata, options, onResponse);
      void writeAll(watch(call), requests);
      return one();
    },
    bidi_streaming() {
      const call = watch(client.makeBidiStreamRequest(...common, metadata, options));
      void writeAll(call, requests);
      return readable(call);
    },
  };
  return {
    responses: starts[method.methodKind](),
    // The status tells it all; that a stream throws or not adds nothing.
    ending: async () => endingOf(await status.promise, header),
  };
}

async function writeAll(call: Writable, requests: AsyncIterable<TestRequest>): Promise<void> {
  const write = promisify((message: TestRequest, done: (error?: Error | null) => void) =>
    call.write(message, done),
  );
  try {
    for await (const message of requests) await write(message);
  } catch {
    // The call has ended.
  }
  call.end();
}

function endingOf({ code, details, metadata }: grpc.StatusObject, header: Metadata): Ending {
  const [packed] = metadata.get(statusDetails);
  return {
    code,
    message: details,
    details: unpackDetails(packed),
    header,
    trailer: fromGrpc(metadata),
  };
}
