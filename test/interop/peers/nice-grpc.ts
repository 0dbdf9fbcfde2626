// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import { compressionAlgorithms } from "@grpc/grpc-js";
import {
  type CallContext,
  type CallOptions,
  type Client,
  ClientError,
  createChannel,
  createClient,
  createServer,
  Metadata as NiceMetadata,
  ServerError,
  Status,
} from "nice-grpc";
import {
  awaitEvent,
  behave,
  emptyCall,
  once,
  only,
  type ServerCall,
  untilAborted,
} from "../behave.js";
import {
  ObserverService,
  type TestRequest,
  type TestResponse,
  TestService,
  UnimplementedService,
} from "../gen/interop/v1/interop_pb.js";
import { entries, fromRaw, toRaw } from "../metadata.js";
import {
  type CallInit,
  type DialOptions,
  grpcOn2,
  type Peer,
  type PeerClient,
  type PeerServer,
} from "../peer.js";
import { definitionOf, packDetails, statusDetails, unpackDetails } from "./grpc-definition.js";
import { firstOf, type IterableCall, iterableCall } from "./iterable-call.js";

/** nice-grpc: promises and async iterables over `@grpc/grpc-js`. */
export const niceGrpc: Peer = {
  name: "nice-grpc",
  client: { wires: [grpcOn2], dial: async (options) => dial(options) },
  server: { wires: [grpcOn2], start },
};

const { method } = TestService;
const implemented = {
  emptyCall: definitionOf(method.emptyCall),
  unaryCall: definitionOf(method.unaryCall),
  streamingOutputCall: definitionOf(method.streamingOutputCall),
  streamingInputCall: definitionOf(method.streamingInputCall),
  fullDuplexCall: definitionOf(method.fullDuplexCall),
};
const called = {
  ...implemented,
  unimplementedCall: definitionOf(method.unimplementedCall),
  unimplementedStream: definitionOf(method.unimplementedStream),
};
const unknown = { unimplementedCall: definitionOf(UnimplementedService.method.unimplementedCall) };
const observed = { await: definitionOf(ObserverService.method.await) };

function dial({ url, gzip }: DialOptions): PeerClient {
  const channel = createChannel(new URL(url).host, undefined, {
    "grpc.default_compression_algorithm": gzip
      ? compressionAlgorithms.gzip
      : compressionAlgorithms.identity,
  });
  const test = createClient(called, channel);
  const other = createClient(unknown, channel);
  return {
    open: async (desc: DescMethod, init) =>
      iterableCall((requests, signal) => open(test, other, desc, init, requests, signal)),
    close: async () => channel.close(),
  };
}

function open(
  test: Client<typeof called>,
  other: Client<typeof unknown>,
  desc: DescMethod,
  { headers, timeoutMs }: CallInit,
  requests: AsyncIterable<TestRequest>,
  signal: AbortSignal,
): IterableCall {
  const metadata = new NiceMetadata();
  for (const [name, value] of entries(headers)) metadata.append(name, toRaw(name, value));
  let header = new NiceMetadata();
  let trailer = new NiceMetadata();
  const limits = deadline(signal, timeoutMs);
  const options: CallOptions = {
    metadata,
    signal: limits.signal,
    onHeader: (fields) => {
      header = fields;
    },
    onTrailer: (fields) => {
      trailer = fields;
    },
  };
  return {
    responses: respond(test, other, desc, requests, options),
    ending(thrown) {
      const { code, message } = statusOf(thrown, limits.expired());
      return {
        code,
        message,
        details: unpackDetails(trailer.get(statusDetails)),
        header: fromRaw(header),
        trailer: fromRaw(trailer),
      };
    },
  };
}

/** nice-grpc leaves deadlines to `AbortSignal` and to middleware. */
function deadline(signal: AbortSignal, timeoutMs: number | undefined) {
  if (timeoutMs === undefined) return { signal, expired: () => false };
  const timeout = AbortSignal.timeout(timeoutMs);
  return { signal: AbortSignal.any([signal, timeout]), expired: () => timeout.aborted };
}

async function* respond(
  test: Client<typeof called>,
  other: Client<typeof unknown>,
  desc: DescMethod,
  requests: AsyncIterable<TestRequest>,
  options: CallOptions,
): AsyncIterable<TestResponse> {
  switch (desc) {
    case method.emptyCall:
      return yield await test.emptyCall(await firstOf(requests), options);
    case method.unaryCall:
      return yield await test.unaryCall(await firstOf(requests), options);
    case method.unimplementedCall:
      return yield await test.unimplementedCall(await firstOf(requests), options);
    case UnimplementedService.method.unimplementedCall:
      return yield await other.unimplementedCall(await firstOf(requests), options);
    case method.streamingOutputCall:
      return yield* test.streamingOutputCall(await firstOf(requests), options);
    case method.unimplementedStream:
      return yield* test.unimplementedStream(await firstOf(requests), options);
    case method.streamingInputCall:
      return yield await test.streamingInputCall(requests, options);
    case method.fullDuplexCall:
      return yield* test.fullDuplexCall(requests, options);
    default:
      throw new Error(`no such method: ${desc.name}`);
  }
}

function statusOf(thrown: unknown, expired: boolean): { code: number; message: string } {
  if (thrown === undefined) return { code: Status.OK, message: "" };
  if (thrown instanceof ClientError) return { code: thrown.code, message: thrown.details };
  if (!(thrown instanceof Error) || !/^(Abort|Timeout)Error$/.test(thrown.name)) throw thrown;
  return {
    code: expired ? Status.DEADLINE_EXCEEDED : Status.CANCELLED,
    message: thrown.message,
  };
}

async function start(): Promise<PeerServer> {
  const server = createServer();
  server.add(observed, { await: awaitEvent });
  server.add(implemented, {
    emptyCall,
    unaryCall: (request, context) => only(behave(serverCall(once(request), context, true))),
    streamingOutputCall: (request, context) => behave(serverCall(once(request), context, false)),
    streamingInputCall: (requests, context) => only(behave(serverCall(requests, context, true))),
    fullDuplexCall: (requests, context) => behave(serverCall(requests, context, false)),
  });
  const port = await server.listen("127.0.0.1:0");
  return { url: `http://127.0.0.1:${port}`, close: async () => server.forceShutdown() };
}

function serverCall(
  requests: AsyncIterable<TestRequest>,
  context: CallContext,
  summary: boolean,
): ServerCall {
  return {
    header: fromRaw(context.metadata),
    requests: untilAborted(requests, context.signal),
    signal: context.signal,
    summary,
    setHeader: (name, value) => void context.header.append(name, toRaw(name, value)),
    setTrailer: (name, value) => void context.trailer.append(name, toRaw(name, value)),
    sendHeader: () => context.sendHeader(),
    error(status) {
      const packed = packDetails(status);
      if (packed) context.trailer.set(statusDetails, packed);
      return new ServerError(status.code, status.message);
    },
    // A handler learns of a cancel by an AbortError.
    codeOf: (error) => (error instanceof ServerError ? error.code : Status.CANCELLED),
  };
}
