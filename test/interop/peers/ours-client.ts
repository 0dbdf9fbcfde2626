// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import { compressionGzip } from "@connectrpc/connect-node";
import type { ClientStream, StreamCallOptions } from "connect-stream";
import { createStreamTransport, type StreamTransportOptions } from "connect-stream/node";
import { gate } from "../../support/gate.js";
import { type TestRequest, type TestResponse, TestService } from "../gen/interop/v1/interop_pb.js";
import {
  createTestServiceClient,
  createUnimplementedServiceClient,
} from "../gen/interop/v1/interop_stream.js";
import { fromHeaders, toHeaders } from "../metadata.js";
import type { DialOptions, Ending, Metadata, PeerCall, PeerClient } from "../peer.js";
import { connectEnding } from "./connect-errors.js";

/** A client on `url`. */
export function dialOurs({ url, wire, gzip }: DialOptions): PeerClient {
  const transport = createStreamTransport({
    baseUrl: url,
    protocol: wire.protocol,
    httpVersion: wire.http,
    ...(gzip && { sendCompression: compressionGzip }),
  } as StreamTransportOptions);
  const test = createTestServiceClient(transport);
  const { unimplementedCall } = createUnimplementedServiceClient(transport);
  const streams: Record<string, (options: StreamCallOptions) => PeerCall> = {
    streamingOutputCall: (options) => download((r) => test.streamingOutputCall(r, options)),
    unimplementedStream: (options) => download((r) => test.unimplementedStream(r, options)),
    streamingInputCall(options) {
      const stream = test.streamingInputCall(options);
      let answered = false;
      return {
        ...common(stream),
        send: (messages) => sendAll(stream, messages),
        closeSend: async () => void stream.closeAndRecv().catch(() => undefined),
        async recv() {
          if (answered) return [];
          answered = true;
          return stream.closeAndRecv().then(
            (response) => [response],
            () => [],
          );
        },
      };
    },
    fullDuplexCall(options) {
      const stream = test.fullDuplexCall(options);
      return {
        ...common(stream),
        send: (messages) => sendAll(stream, messages),
        closeSend: () => stream.closeSend(),
        recv: (max) => receive(stream, max),
      };
    },
  };
  const unaries: Record<string, UnaryMethod> = {
    emptyCall: test.emptyCall,
    unaryCall: test.unaryCall,
    unimplementedCall: test.unimplementedCall,
  };
  return {
    async open(method: DescMethod, { headers, timeoutMs }) {
      const options = { headers: toHeaders(headers), ...(timeoutMs && { timeoutMs }) };
      const stream = streams[method.localName];
      if (stream) return stream(options);
      const call = method.parent === TestService ? unaries[method.localName] : unimplementedCall;
      if (!call) throw new Error(`no such method: ${method.name}`);
      return unary(call, options);
    },
    close: async () => undefined,
  };
}

type UnaryMethod = (request: TestRequest, options: StreamCallOptions) => Promise<TestResponse>;

function unary(call: UnaryMethod, options: StreamCallOptions): PeerCall {
  const controller = new AbortController();
  let request: TestRequest | undefined;
  const response = gate<TestResponse[]>();
  let header: Metadata | undefined;
  let trailer: Metadata | undefined;
  let failure: unknown;
  return {
    async send([message]) {
      request = message;
    },
    async closeSend() {
      if (!request) throw new Error("a unary call needs a request");
      const answer = call(request, {
        ...options,
        signal: controller.signal,
        onHeader: (headers) => {
          header = fromHeaders(headers);
        },
        onTrailer: (trailers) => {
          trailer = fromHeaders(trailers);
        },
      });
      answer.then(
        (message) => response.resolve([message]),
        (error: unknown) => {
          failure = error;
          response.resolve([]);
        },
      );
    },
    recv: () => response.promise,
    cancel: async () => controller.abort(),
    async end() {
      await response.promise;
      return connectEnding(failure, header, trailer);
    },
  };
}

/** A server-streaming call, which begins with its request. */
function download(start: (request: TestRequest) => ClientStream & Receiver): PeerCall {
  const stream = gate<ClientStream & Receiver>();
  return {
    async send([request]) {
      if (request) stream.resolve(start(request));
    },
    closeSend: async () => undefined,
    recv: async (max) => receive(await stream.promise, max),
    cancel: async () => (await stream.promise).close(),
    end: async () => endOf(await stream.promise),
  };
}

interface Receiver {
  recv(): Promise<TestResponse | undefined>;
}

async function receive(stream: Receiver, max: number): Promise<TestResponse[]> {
  const messages: TestResponse[] = [];
  while (messages.length < max) {
    const message = await stream.recv().catch(() => undefined);
    if (!message) break;
    messages.push(message);
  }
  return messages;
}

async function sendAll(
  stream: { send(message: TestRequest): Promise<void> },
  messages: readonly TestRequest[],
): Promise<void> {
  // Not awaited one by one: they leave in the order of the calls.
  await Promise.allSettled(messages.map((message) => stream.send(message)));
}

function common(stream: ClientStream & Partial<Receiver>): Pick<PeerCall, "cancel" | "end"> {
  return { cancel: async () => stream.close(), end: () => endOf(stream) };
}

async function endOf(stream: ClientStream & Partial<Receiver>): Promise<Ending> {
  while (await stream.recv?.().catch(() => undefined));
  const [outcome, header, trailer] = await Promise.all([
    stream.outcome,
    metadataOf(stream.header),
    metadataOf(stream.trailer),
  ]);
  return connectEnding(outcome.error, header, trailer);
}

function metadataOf(headers: Promise<Headers>): Promise<Metadata | undefined> {
  return headers.then(fromHeaders, () => undefined);
}
