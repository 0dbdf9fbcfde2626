// SPDX-License-Identifier: Apache-2.0
import { promisify } from "node:util";
import * as grpc from "@grpc/grpc-js";
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
  type AwaitRequest,
  type AwaitResponse,
  ObserverService,
  type TestRequest,
  type TestResponse,
  TestService,
} from "../gen/interop/v1/interop_pb.js";
import { toRaw } from "../metadata.js";
import type { PeerServer } from "../peer.js";
import { definitionOf, packDetails, statusDetails } from "./grpc-definition.js";
import { fromGrpc, readable } from "./grpc-js-values.js";

type UnaryCall = grpc.ServerUnaryCall<TestRequest, TestResponse>;
type Upload = grpc.ServerReadableStream<TestRequest, TestResponse>;
type Download = grpc.ServerWritableStream<TestRequest, TestResponse>;
type Duplex = grpc.ServerDuplexStream<TestRequest, TestResponse>;

/** What a call of any kind has. */
interface AnyServerCall {
  readonly metadata: grpc.Metadata;
  sendMetadata(metadata: grpc.Metadata): void;
  on(event: "cancelled", listener: () => void): unknown;
  off(event: "cancelled", listener: () => void): unknown;
}

/** What a call has that sends any number of messages. */
interface Output {
  write(message: TestResponse): boolean;
  end(trailer: grpc.Metadata): unknown;
  emit(event: "error", error: grpc.ServiceError): boolean;
  on(event: "drain", listener: () => void): unknown;
  off(event: "drain", listener: () => void): unknown;
}

/** A server, with the services of the tests. */
export async function startGrpcJs(): Promise<PeerServer> {
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
    const done = () => {
      output.off("drain", done);
      call.off("cancelled", done);
      resolve();
    };
    output.on("drain", done);
    call.on("cancelled", done);
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
  call.on("cancelled", () => cancelled.abort(serviceError(grpc.status.CANCELLED, "cancelled")));
  const header = new grpc.Metadata();
  return {
    header: fromGrpc(call.metadata),
    requests: untilAborted(requests, cancelled.signal),
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

function serviceError(
  code: grpc.status,
  details: string,
  metadata = new grpc.Metadata(),
): grpc.ServiceError {
  return Object.assign(new Error(details), { code, details, metadata });
}
