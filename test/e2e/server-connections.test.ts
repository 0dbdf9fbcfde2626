// SPDX-License-Identifier: Apache-2.0
// Connections of `serve`: how long they live, what they refuse, and who hears of it.
import { once } from "node:events";
import * as http2 from "node:http2";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { Code, ConnectError, createContextKey, createContextValues } from "@connectrpc/connect";
import {
  type ConnectionProblem,
  createStreamTransport,
  type ServeOptions,
  serve,
} from "connect-stream/node";
import express from "express";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Frame, FramePeer, frame, settings, settingsAck } from "../http2/support/frames.js";
import { FrameType } from "../support/frame-server.js";
import { failure, gate, until } from "../support/gate.js";
import { NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import {
  createLabServiceClient,
  type LabServiceHandler,
  registerLabService,
} from "../support/gen/lab/v1/lab_stream.js";
import { noteEnvelope, rawHttp2 } from "../support/raw.js";
import { selfSigned } from "../support/tls.js";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const ENHANCE_YOUR_CALM = 11;
const INADEQUATE_SECURITY = 12;

/** With forward secrecy, and without AEAD. */
const BLOCKED_SUITE = "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA";

const path = "/lab.v1.LabService/Unary";
const grpcRequest = { ":path": path, "content-type": "application/grpc+proto", te: "trailers" };

/** A server of `handler` that is closed at the end of the test. */
async function start(
  handler: Partial<LabServiceHandler>,
  options: Omit<ServeOptions, "routes"> & { onError?: (error: unknown) => void } = {},
) {
  const { onError, ...rest } = options;
  const server = await serve({
    ...rest,
    routes: (router) => void registerLabService(router, handler, onError ? { onError } : undefined),
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  return server;
}

function clientOf(baseUrl: string, nodeOptions?: http2.ClientSessionOptions) {
  const transport = createStreamTransport({
    baseUrl,
    protocol: "grpc",
    ...(nodeOptions && { nodeOptions }),
  });
  onTestFinished(() => transport.close({ graceMs: 0 }));
  return { client: createLabServiceClient(transport), transport };
}

/** Resolves when a stream is closed, whatever it was. */
function closeOf(stream: http2.ClientHttp2Stream): Promise<void> {
  stream.on("error", () => undefined);
  return new Promise((resolve) => stream.once("close", resolve));
}

/** A client of frames, which answers nothing by itself, and does not close. */
function rawClient(port: number) {
  const socket: Socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const peer = new FramePeer();
  const frames: Frame[] = [];
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => frames.push(...peer.read(chunk)));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  onTestFinished(() => void socket.destroy());
  socket.write(PREFACE);
  socket.write(settings());
  return { socket, peer, frames, closed };
}

/** The headers of a request of gRPC. */
function requestOf(path: string): [string, string][] {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":authority", "localhost"],
    [":path", path],
    ["content-type", "application/grpc+proto"],
  ];
}

describe("the age of connections", () => {
  it("ends a connection, and no call on it", async () => {
    const release = gate();
    const peers: unknown[] = [];
    const server = await start(
      {
        unary: async (request) => request,
        async download(_, stream) {
          await stream.send({ text: "first" });
          await release.promise;
          await stream.send({ text: "last" });
        },
      },
      { maxConnectionAgeMs: 50 },
    );
    const goaways: string[] = [];
    const session = http2.connect(server.url);
    session.on("goaway", (_code, _id, data) => goaways.push(String(data ?? "")));
    const { client } = clientOf(server.url);
    const call = client.download({});
    expect((await call.recv())?.text).toBe("first");
    await until(() => goaways.length > 0);
    expect(goaways[0]).toBe("max_age");
    for (let i = 0; i < 50; i++) peers.push((await client.unary({ text: "hi" })).text);
    release.resolve();
    expect((await call.recv())?.text).toBe("last");
    expect(await call.recv()).toBeUndefined();
    expect(new Set(peers)).toEqual(new Set(["hi"]));
    session.destroy();
  });

  it("has a grace, after which its calls end", async () => {
    const server = await start(
      {
        async download(_, stream) {
          await stream.send({ text: "first" });
          await once(stream.context.signal, "abort");
        },
      },
      { maxConnectionAgeMs: 20, maxConnectionAgeGraceMs: 20 },
    );
    const call = clientOf(server.url).client.download({});
    await call.recv();
    expect((await failure(call.recv())).code).toBe(Code.Unavailable);
  });
});

it("a call that was on its way when its connection said goodbye lasts as long as it likes", async () => {
  const finish = gate();
  const server = await start(
    {
      async download(_, stream) {
        await stream.send({ text: "first" });
        await finish.promise;
        await stream.send({ text: "last" });
      },
    },
    { idleTimeoutMs: 20 },
  );
  const { socket, peer, frames } = rawClient(server.port);
  const closed = once(socket, "end");
  await until(() => frames.some(({ type }) => type === FrameType.GOAWAY));
  const path = "/lab.v1.LabService/Download";
  socket.write(peer.headers(1, requestOf(path)));
  socket.write(frame(FrameType.DATA, 1, 1, noteEnvelope()));
  await until(() => frames.some(({ type, streamId }) => type === FrameType.DATA && streamId === 1));
  // Longer than a peer without calls has for its goodbye.
  const ended = await Promise.race([closed.then(() => "closed"), delay(7000, "open")]);
  expect(ended).toBe("open");
  finish.resolve();
  await until(() => frames.some(({ flags, streamId }) => streamId === 1 && (flags & 1) === 1));
}, 30_000);

it("a connection without calls whose peer ignores its end is destroyed", async () => {
  const server = await start({}, { idleTimeoutMs: 20 });
  const { socket, frames, closed } = rawClient(server.port);
  await until(() => frames.some(({ type }) => type === FrameType.GOAWAY));
  // What it sends after that keeps nothing alive. The last of it finds nobody there.
  const chatter = setInterval(() => socket.write(frame(FrameType.PING, 0, 0, Buffer.alloc(8))), 50);
  await closed;
  clearInterval(chatter);
}, 30_000);

it("a peer that does not answer pings is cut off, one that sends data is not pinged", async () => {
  const aborted = gate();
  const server = await start(
    {
      async upload(stream) {
        stream.context.signal.addEventListener("abort", () => aborted.resolve());
        while (await stream.recv());
      },
    },
    { keepAlive: { intervalMs: 100, timeoutMs: 100 } },
  );
  const { socket, peer, frames } = rawClient(server.port);
  socket.write(peer.headers(1, requestOf("/lab.v1.LabService/Upload")));
  await aborted.promise;
  expect(frames.some(({ type }) => type === FrameType.PING)).toBe(true);
});

it("a reset call holds its place until its handler has returned", async () => {
  const MAX = 5;
  let running = 0;
  const release = gate();
  const server = await start(
    {
      async unary(request) {
        running++;
        await release.promise;
        return request;
      },
    },
    { maxConcurrentStreams: MAX },
  );
  const session = http2.connect(server.url);
  onTestFinished(() => session.destroy());
  session.on("error", () => undefined);
  await once(session, "remoteSettings");
  for (let i = 0; i < 10 * MAX; i++) {
    const stream = session.request({ ":method": "POST", ...grpcRequest });
    stream.on("error", () => undefined);
    stream.write(noteEnvelope());
    stream.end();
    await new Promise((resolve) => setImmediate(resolve));
    stream.close(http2.constants.NGHTTP2_CANCEL);
  }
  const last = session.request({ ":method": "POST", ...grpcRequest });
  await closeOf(last);
  expect(last.rstCode).toBe(http2.constants.NGHTTP2_REFUSED_STREAM);
  expect(running).toBeLessThanOrEqual(MAX);
  release.resolve();
});

describe("onConnectionError", () => {
  it("is told what a client did, and who it was", async () => {
    const problems: ConnectionProblem[] = [];
    const server = await start({}, { onConnectionError: (problem) => problems.push(problem) });
    const { socket, frames } = rawClient(server.port);
    socket.write(Buffer.concat([settingsAck, frame(0x0, 0, 1, Buffer.from("data"))]));
    await once(socket, "end");
    expect(problems).toEqual([
      {
        scope: "connection",
        code: 1,
        message: "a frame on idle stream 1",
        peer: { address: "127.0.0.1", port: expect.any(Number) },
      },
    ]);
    expect(frames.at(-1)?.type).toBe(FrameType.GOAWAY);
  });

  it("is told of headers that are too large, and the connection lives", async () => {
    const problems: ConnectionProblem[] = [];
    const server = await start(
      { unary: async (request) => request },
      { maxHeaderBytes: 2048, onConnectionError: (problem) => problems.push(problem) },
    );
    const session = http2.connect(server.url);
    onTestFinished(() => session.destroy());
    const large = session.request({ ":method": "POST", ...grpcRequest, "x-a": "a".repeat(4000) });
    await closeOf(large);
    expect(large.rstCode).toBe(ENHANCE_YOUR_CALM);
    expect(problems).toMatchObject([{ scope: "stream", code: ENHANCE_YOUR_CALM }]);
    const small = session.request({ ":method": "POST", ...grpcRequest });
    small.end(noteEnvelope());
    const [head] = await once(small, "response");
    expect(head[":status"]).toBe(200);
  });
});

describe("a client that takes few headers", () => {
  const noise = "n".repeat(2000);
  const handler: Partial<LabServiceHandler> = {
    async unary() {
      const details = [{ desc: NoteSchema, value: { text: noise } }];
      throw new ConnectError(`${"\u00fc".repeat(600)}`, Code.NotFound, { "x-a": noise }, details);
    },
    async download(_, stream) {
      await stream.send({ text: "first" });
      throw new ConnectError("none", Code.NotFound, { "x-a": noise });
    },
    async chat(stream) {
      stream.context.responseHeader.set("x-a", noise);
      await stream.send({ text: "first" });
    },
  };
  const maxHeaderListSize = 1024;

  it.each(["grpc", "connect"] as const)(
    "%s: learns code and message of an error",
    async (protocol) => {
      const errors: unknown[] = [];
      const server = await start(handler, { onError: (error) => errors.push(error) });
      const nodeOptions = { settings: { maxHeaderListSize } };
      const transport = createStreamTransport({ protocol, baseUrl: server.url, nodeOptions });
      onTestFinished(() => transport.close({ graceMs: 0 }));
      const client = createLabServiceClient(transport);
      const unary = await failure(client.unary({}));
      expect(unary.code).toBe(Code.NotFound);
      expect(unary.rawMessage).toMatch(/^\u00fc+$/);
      const download = client.download({});
      expect((await download.recv())?.text).toBe("first");
      expect(await failure(download.recv())).toMatchObject({
        code: Code.NotFound,
        rawMessage: "none",
      });
      expect(String(errors[0])).toContain("the client accepts at most 1024");
    },
  );

  it("has `internal` for headers of a handler's that are too large, and its other calls", async () => {
    const server = await start(handler, { onError: () => undefined });
    const { client } = clientOf(server.url, { settings: { maxHeaderListSize } });
    const error = await failure(client.chat().recv());
    expect(error.code).toBe(Code.Internal);
    expect(error.rawMessage).toContain("the client accepts at most 1024");
    expect((await client.download({}).recv())?.text).toBe("first");
  });
});

describe("TLS", () => {
  it("1.2 with a suite that HTTP/2 blocks is refused", async () => {
    const server = await start({}, { tls: { ...selfSigned, ciphers: BLOCKED_SUITE } });
    const socket = connectTls({
      port: server.port,
      host: "127.0.0.1",
      rejectUnauthorized: false,
      maxVersion: "TLSv1.2",
      ciphers: BLOCKED_SUITE,
      ALPNProtocols: ["h2"],
    });
    const frames: Frame[] = [];
    const peer = new FramePeer();
    socket.on("data", (chunk: Buffer) => frames.push(...peer.read(chunk)));
    socket.on("error", () => undefined);
    await once(socket, "close");
    const goaway = frames.find(({ type }) => type === FrameType.GOAWAY);
    expect(Buffer.from(goaway?.payload ?? []).readUInt32BE(4)).toBe(INADEQUATE_SECURITY);
  });
});

it("serves a Unix socket", async () => {
  const socketPath = join(tmpdir(), `connect-stream-${process.pid}.sock`);
  const server = await start({ unary: async (request) => request }, { path: socketPath });
  expect(server.url).toBe("http://localhost");
  const { client } = clientOf(server.url, { createConnection: () => connect(socketPath) });
  expect((await client.unary({ text: "hi" })).text).toBe("hi");
});

describe("fallback over HTTP/2", () => {
  it("is a listener of Node's, with body, status, headers and address", async () => {
    const app = express();
    app.post("/upload", express.raw({ limit: "10mb" }), (request, response) => {
      response.set("x-from", String(request.socket.remoteAddress)).status(201);
      response.send(request.body);
    });
    const server = await start({}, { fallback: app as NonNullable<ServeOptions["fallback"]> });
    const body = Buffer.alloc(3_000_000, "body");
    const headers = { ":path": "/upload", "content-type": "application/octet-stream" };
    const answer = await rawHttp2(server.url, headers, [body]);
    expect(answer.status).toBe(201);
    expect(answer.headers["x-from"]).toBe("127.0.0.1");
    expect(answer.body.equals(body)).toBe(true);
    expect((await rawHttp2(server.url, { ":path": "/none" }, [])).status).toBe(404);
  });

  it("hears of a client that leaves", async () => {
    const left = gate();
    const server = await start(
      {},
      {
        fallback(request, response) {
          request.on("close", () => left.resolve());
          response.writeHead(200);
          response.write("one");
        },
      },
    );
    const session = http2.connect(server.url);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ":path": "/" });
    stream.on("error", () => undefined);
    await once(stream, "data");
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await left.promise;
  });
});

it("contextValues has a request of Node's", async () => {
  const key = createContextKey("");
  const server = await start(
    { unary: async (_, context) => ({ text: context.values.get(key) }) },
    {
      contextValues: (request) =>
        createContextValues().set(
          key,
          [
            request.method,
            request.url,
            request.headers["x-user"],
            request.socket.remoteAddress,
          ].join(),
        ),
    },
  );
  const { client } = clientOf(server.url);
  const { text } = await client.unary({}, { headers: { "x-user": "ada" } });
  expect(text).toBe(`POST,${path},ada,127.0.0.1`);
});
