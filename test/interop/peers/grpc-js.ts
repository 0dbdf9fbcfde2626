// SPDX-License-Identifier: Apache-2.0
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import type { DescMethod } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { gate } from "../../support/gate.js";
import { awaitEvent, behave, emptyCall, once, only, type ServerCall } from "../behave.js";
import {
  type AwaitRequest,
  type AwaitResponse,
  ObserverService,
  type TestRequest,
  type TestResponse,
  TestService,
} from "../gen/interop/v1/interop_pb.js";
import { entries, fromRaw, toRaw } from "../metadata.js";
import {
  type CallInit,
  type DialOptions,
  type Ending,
  grpcOn2,
  type Metadata,
  type Peer,
  type PeerClient,
  type PeerServer,
} from "../peer.js";
import { definitionOf, packDetails, statusDetails, unpackDetails } from "./grpc-definition.js";
import { firstOf, type IterableCall, iterableCall } from "./iterable-call.js";

/** `@grpc/grpc-js`, on its own API. */
export const grpcJs: Peer = {
  name: "grpc-js",
  client: { wires: [grpcOn2], dial: async (options) => dial(options) },
  server: { wires: [grpcOn2], start },
};

type AnyCall = grpc.Call & {
  on(event: "metadata", listener: (metadata: grpc.Metadata) => void): unknown;
  on(event: "status", listener: (status: grpc.StatusObject) => void): unknown;
};
type Writable = grpc.ClientWritableStream<TestRequest>;

function dial({ url, gzip }: DialOptions): PeerClient {
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
      header = fromMetadata(fields);
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
      void writeAll(call as unknown as Writable, requests);
      return readable(call);
    },
  };
  return {
    responses: starts[method.methodKind](),
    // The status tells it all; that a stream throws or not adds nothing.
    ending: async () => endingOf(await status.promise, header),
  };
}

/** The messages of a stream, which may have another half that goes on. */
function readable<T>(call: Readable): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => call.iterator({ destroyOnReturn: false }) };
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
    trailer: fromMetadata(metadata),
  };
}

function fromMetadata(metadata: grpc.Metadata): Metadata {
  return fromRaw(Object.keys(metadata.getMap()).map((name) => [name, metadata.get(name)]));
}

type UnaryCall = grpc.ServerUnaryCall<TestRequest, TestResponse>;
type Upload = grpc.ServerReadableStream<TestRequest, TestResponse>;
type Download = grpc.ServerWritableStream<TestRequest, TestResponse>;
type Duplex = grpc.ServerDuplexStream<TestRequest, TestResponse>;

/** What a call of any kind has. */
interface AnyServerCall {
  readonly cancelled: boolean;
  readonly metadata: grpc.Metadata;
  sendMetadata(metadata: grpc.Metadata): void;
  once(event: "cancelled", listener: () => void): unknown;
}

/** What a call has that sends any number of messages. */
interface Output {
  write(message: TestResponse): boolean;
  end(trailer: grpc.Metadata): unknown;
  emit(event: "error", error: grpc.ServiceError): boolean;
  once(event: "drain", listener: () => void): unknown;
}

async function start(): Promise<PeerServer> {
  const server = new grpc.Server();
  const { method } = TestService;
  const definition = {
    emptyCall: definitionOf(method.emptyCall),
    unaryCall: definitionOf(method.unaryCall),
    streamingOutputCall: definitionOf(method.streamingOutputCall),
    streamingInputCall: definitionOf(method.streamingInputCall),
    fullDuplexCall: definitionOf(method.fullDuplexCall),
  };
  server.addService(
    { await: definitionOf(ObserverService.method.await) },
    {
      await(
        call: grpc.ServerUnaryCall<AwaitRequest, AwaitResponse>,
        done: grpc.sendUnaryData<AwaitResponse>,
      ) {
        void awaitEvent(call.request).then((response) => done(null, response));
      },
    },
  );
  server.addService(definition, {
    emptyCall(_call: unknown, done: Done) {
      void emptyCall().then((response) => done(null, response));
    },
    unaryCall(call: UnaryCall, done: Done) {
      answer(call, once(call.request), done);
    },
    streamingOutputCall(call: Download) {
      void stream(call, call, once(call.request));
    },
    streamingInputCall(call: Upload, done: Done) {
      answer(call, readable(call), done);
    },
    fullDuplexCall(call: Duplex) {
      void stream(call, call, readable(call));
    },
  });
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind("127.0.0.1:0", grpc.ServerCredentials.createInsecure());
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => server.forceShutdown(),
  };
}

type Done = grpc.sendUnaryData<TestResponse>;

function answer(call: AnyServerCall, requests: AsyncIterable<TestRequest>, done: Done): void {
  const trailer = new grpc.Metadata();
  only(behave(serverCall(call, requests, trailer, true))).then(
    (response) => done(null, response, trailer),
    (error: grpc.ServiceError) => done(withTrailer(error, trailer)),
  );
}

async function stream(
  call: AnyServerCall,
  output: Output,
  requests: AsyncIterable<TestRequest>,
): Promise<void> {
  const trailer = new grpc.Metadata();
  try {
    for await (const response of behave(serverCall(call, requests, trailer, false))) {
      if (!output.write(response)) await drained(output, call);
    }
    output.end(trailer);
  } catch (error) {
    output.emit("error", withTrailer(error as grpc.ServiceError, trailer));
  }
}

/** Resolves too when the call is cancelled: then what is written is dropped. */
function drained(output: Output, call: AnyServerCall): Promise<void> {
  return new Promise((resolve) => {
    output.once("drain", resolve);
    call.once("cancelled", resolve);
  });
}

function withTrailer(error: grpc.ServiceError, trailer: grpc.Metadata): grpc.ServiceError {
  if (error.metadata) trailer.merge(error.metadata);
  return Object.assign(error, { metadata: trailer });
}

function serverCall(
  call: AnyServerCall,
  requests: AsyncIterable<TestRequest>,
  trailer: grpc.Metadata,
  summary: boolean,
): ServerCall {
  const cancelled = new AbortController();
  call.once("cancelled", () => cancelled.abort(serviceError(grpc.status.CANCELLED, "cancelled")));
  const header = new grpc.Metadata();
  return {
    header: fromMetadata(call.metadata),
    requests: untilCancelled(requests, call),
    signal: cancelled.signal,
    summary,
    setHeader(name, value) {
      header.add(name, toRaw(name, value));
    },
    setTrailer: (name, value) => trailer.add(name, toRaw(name, value)),
    error(status) {
      const metadata = new grpc.Metadata();
      const packed = packDetails(status);
      if (packed) metadata.set(statusDetails, packed);
      return serviceError(status.code, status.message, metadata);
    },
    codeOf: (error) => (error as grpc.ServiceError).code ?? grpc.status.UNKNOWN,
    sendHeader: () => call.sendMetadata(header),
  };
}

/** The requests of a cancelled call end like those of any other: only the call tells them apart. */
async function* untilCancelled(
  requests: AsyncIterable<TestRequest>,
  call: AnyServerCall,
): AsyncIterable<TestRequest> {
  yield* requests;
  if (call.cancelled) throw serviceError(grpc.status.CANCELLED, "cancelled");
}

function serviceError(
  code: grpc.status,
  details: string,
  metadata = new grpc.Metadata(),
): grpc.ServiceError {
  return Object.assign(new Error(details), { code, details, metadata });
}
