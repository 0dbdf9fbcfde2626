// SPDX-License-Identifier: Apache-2.0
import * as http from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import type { DescMethod } from "@bufbuild/protobuf";
import { type CallOptions, Code, createClient, type Transport } from "@connectrpc/connect";
import {
  compressionGzip,
  connectNodeAdapter,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import {
  createConnectTransport as createWebConnectTransport,
  createGrpcWebTransport as createWebGrpcWebTransport,
} from "@connectrpc/connect-web";
import { awaitEvent, behave, emptyCall, once, only, type ServerCall } from "../behave.js";
import {
  ObserverService,
  type TestRequest,
  type TestResponse,
  TestService,
  UnimplementedService,
} from "../gen/interop/v1/interop_pb.js";
import { fromHeaders, toHeaders } from "../metadata.js";
import {
  allWires,
  connectOn1,
  type DialOptions,
  grpcWebOn1,
  type Metadata,
  type Peer,
  type PeerClient,
  type PeerServer,
  type Wire,
} from "../peer.js";
import { connectEnding } from "./connect-errors.js";
import { firstOf, iterableCall } from "./iterable-call.js";
import { serverCall as connectCall } from "./ours-server.js";

/** Connect-ES, with nothing of this repository. */
export const connectEs: Peer = {
  name: "connect-es",
  client: { wires: allWires, dial: async (options) => client(nodeTransport(options)) },
  server: { wires: allWires, start },
};

/** connect-web, in Node's fetch: HTTP/1.1, and no stream of requests. */
export const connectWeb: Peer = {
  name: "connect-web",
  client: {
    wires: [grpcWebOn1, connectOn1],
    kinds: ["unary", "server_streaming"],
    dial: async (options) => client(webTransport(options)),
  },
};

function nodeTransport({ url: baseUrl, wire, gzip }: DialOptions): Transport {
  const options = {
    baseUrl,
    httpVersion: wire.http,
    ...(gzip && { sendCompression: compressionGzip }),
  } as const;
  switch (wire.protocol) {
    case "grpc":
      return createGrpcTransport(options);
    case "grpc-web":
      return createGrpcWebTransport(options);
    case "connect":
      return createConnectTransport({ ...options, useBinaryFormat: true });
  }
}

function webTransport({ url: baseUrl, wire }: DialOptions): Transport {
  return wire.protocol === "connect"
    ? createWebConnectTransport({ baseUrl, useBinaryFormat: true })
    : createWebGrpcWebTransport({ baseUrl });
}

type Start = (
  requests: AsyncIterable<TestRequest>,
  options: CallOptions,
) => AsyncIterable<TestResponse>;

function client(transport: Transport): PeerClient {
  const test = createClient(TestService, transport);
  const other = createClient(UnimplementedService, transport);
  const one = (
    call: (request: TestRequest, options: CallOptions) => Promise<TestResponse>,
  ): Start =>
    async function* (requests, options) {
      yield await call(await firstOf(requests), options);
    };
  const down = (
    call: (request: TestRequest, options: CallOptions) => AsyncIterable<TestResponse>,
  ): Start =>
    async function* (requests, options) {
      yield* call(await firstOf(requests), options);
    };
  const starts: Record<string, Start> = {
    "TestService.EmptyCall": one(test.emptyCall),
    "TestService.UnaryCall": one(test.unaryCall),
    "TestService.UnimplementedCall": one(test.unimplementedCall),
    "UnimplementedService.UnimplementedCall": one(other.unimplementedCall),
    "TestService.StreamingOutputCall": down(test.streamingOutputCall),
    "TestService.UnimplementedStream": down(test.unimplementedStream),
    async *"TestService.StreamingInputCall"(requests, options) {
      yield await test.streamingInputCall(requests, options);
    },
    "TestService.FullDuplexCall": (requests, options) => test.fullDuplexCall(requests, options),
  };
  return {
    async open(method: DescMethod, { headers, timeoutMs }) {
      const start = starts[`${method.parent.name}.${method.name}`];
      if (!start) throw new Error(`no such method: ${method.name}`);
      let header: Metadata | undefined;
      let trailer: Metadata | undefined;
      return iterableCall((requests, signal) => ({
        responses: start(requests, {
          headers: toHeaders(headers),
          ...(timeoutMs && { timeoutMs }),
          signal,
          onHeader: (fields) => {
            header = fromHeaders(fields);
          },
          onTrailer: (fields) => {
            trailer = fromHeaders(fields);
          },
        }),
        ending: (thrown) => connectEnding(thrown, header, trailer),
      }));
    },
    close: async () => undefined,
  };
}

/**
 * What a handler learns of a client that is gone depends on how it went: any of `aborted`,
 * `internal` and `unknown` besides `canceled`.
 * https://github.com/connectrpc/connect-es/blob/main/packages/connect-node/src/node-error.ts
 */
const gone: readonly number[] = [Code.Aborted, Code.Internal, Code.Unknown];

function serverCall(...args: Parameters<typeof connectCall>): ServerCall {
  const call = connectCall(...args);
  return {
    ...call,
    codeOf(error) {
      const code = call.codeOf(error);
      return call.signal.aborted && gone.includes(code) ? Code.Canceled : code;
    },
  };
}

async function start(wire: Wire): Promise<PeerServer> {
  const listener = connectNodeAdapter({
    routes(router) {
      router.service(ObserverService, { await: awaitEvent });
      router.service(TestService, {
        emptyCall,
        unaryCall: (request, context) => only(behave(serverCall(once(request), context, true))),
        streamingOutputCall: (request, context) =>
          behave(serverCall(once(request), context, false)),
        streamingInputCall: (requests, context) =>
          only(behave(serverCall(requests, context, true))),
        fullDuplexCall: (requests, context) => behave(serverCall(requests, context, false)),
      });
    },
  });
  const sockets = new Set<{ destroy(): void }>();
  const server = wire.http === "2" ? http2.createServer(listener) : http.createServer(listener);
  server.on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
