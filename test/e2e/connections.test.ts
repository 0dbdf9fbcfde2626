// SPDX-License-Identifier: Apache-2.0
// Connections of a client: how calls get one, and what becomes of calls that a server does not take.
import * as http2 from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { Duplex } from "node:stream";
import { Code } from "@connectrpc/connect";
import {
  createStreamTransport,
  type Http2TransportOptions,
  type StreamTransport,
  serve,
  streamNodeAdapter,
} from "connect-stream/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { FrameType, frameServer } from "../support/frame-server.js";
import { failure, gate, turn, until } from "../support/gate.js";
import {
  createLabServiceClient,
  type LabServiceClient,
  type LabServiceHandler,
  registerLabService,
} from "../support/gen/lab/v1/lab_stream.js";

const REFUSED_STREAM = 7;

const echo: Partial<LabServiceHandler> = { unary: async (request) => request };

type Options = Omit<Http2TransportOptions, "baseUrl" | "protocol" | "sessionManager">;

/** A client of ours, and its transport. */
function connectTo(
  baseUrl: string,
  options: Options = {},
): { client: LabServiceClient; transport: StreamTransport } {
  const transport = createStreamTransport({ ...options, baseUrl, protocol: "grpc" });
  onTestFinished(() => transport.close({ graceMs: 0 }));
  return { client: createLabServiceClient(transport), transport };
}

/** A server that takes so many calls on a connection, and counts these. */
async function limited(handler: Partial<LabServiceHandler>, maxConcurrentStreams: number) {
  const sessions: http2.ServerHttp2Session[] = [];
  let open = 0;
  const listener = streamNodeAdapter({
    routes: (router) => void registerLabService(router, handler),
  });
  const server = http2.createServer({ settings: { maxConcurrentStreams } }, listener);
  server.on("session", (session) => sessions.push(session));
  server.on("stream", (stream) => {
    open++;
    stream.once("close", () => open--);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, sessions, open: () => open };
}

/** A handler whose downloads go on until `finish`. */
function holding() {
  const done = gate();
  let open = 0;
  const handler: Partial<LabServiceHandler> = {
    ...echo,
    async download(_request, stream) {
      open++;
      stream.sendHeaders();
      await done.promise;
    },
  };
  return { handler, finish: () => done.resolve(), open: () => open };
}

describe("a server's limit of calls on a connection", () => {
  it.each([1, 8])("holds no call up that comes first, maxConnections: %i", async (most) => {
    const { url, sessions } = await limited(echo, 20);
    const { client } = connectTo(url, { maxConnections: most });
    const calls = Array.from({ length: 150 }, (_, i) => client.unary({ text: `${i}` }));
    const texts = (await Promise.all(calls)).map(({ text }) => text);
    expect(texts).toEqual(calls.map((_, i) => `${i}`));
    expect(sessions.length).toBeLessThanOrEqual(most);
  });

  it("is no limit while there may be more connections", async () => {
    const { handler, finish, open } = holding();
    const { url, sessions } = await limited(handler, 2);
    const { client } = connectTo(url, { maxConnections: 3 });
    const held = Array.from({ length: 5 }, () => client.download({}));
    await Promise.all(held.map((stream) => stream.header));
    expect(open()).toBe(5);
    expect(sessions.length).toBe(3);
    expect(await client.unary({ text: "hi" })).toMatchObject({ text: "hi" });
    expect(sessions.length).toBe(3);
    finish();
    await Promise.all(held.map((stream) => stream.recv()));
  });

  it("does not make attempts without a pause where no more connections can be had", async () => {
    const { handler, finish } = holding();
    const { url, sessions } = await limited(handler, 1);
    let attempts = 0;
    const { client } = connectTo(url, {
      nodeOptions: {
        createConnection({ hostname, port }) {
          attempts++;
          return connect(attempts === 1 ? Number(port) : 1, hostname);
        },
      },
    });
    const held = client.download({});
    await held.header;
    const waiting = client.unary({ text: "hi" });
    expect((await failure(client.unary({}, { timeoutMs: 100 }))).code).toBe(Code.DeadlineExceeded);
    expect(attempts).toBeLessThan(5);
    finish();
    expect(await waiting).toMatchObject({ text: "hi" });
    expect(sessions.length).toBe(1);
  });

  it("makes calls wait for those that are open when there may be no more", async () => {
    const { handler, finish } = holding();
    const { url, sessions } = await limited(handler, 1);
    const { client } = connectTo(url, { maxConnections: 1 });
    const held = client.download({});
    await held.header;
    const waiting = client.unary({ text: "hi" });
    expect((await failure(client.unary({}, { timeoutMs: 20 }))).code).toBe(Code.DeadlineExceeded);
    finish();
    expect(await waiting).toMatchObject({ text: "hi" });
    expect(sessions.length).toBe(1);
  });

  it("spreads calls over connections, where there are several", async () => {
    const { handler, finish } = holding();
    const { url, sessions, open } = await limited(handler, 2);
    const { client } = connectTo(url, { maxConnections: 2 });
    const held = Array.from({ length: 4 }, () => client.download({}));
    await Promise.all(held.map((stream) => stream.header));
    for (const stream of held.slice(0, 2)) stream.close();
    // Both were on the first connection, which has the fewest now.
    await until(() => sessions.length === 2 && open() === 2);
    // Node.js refuses streams while it has not freed earlier ones, which is a turn after their end.
    await turn();
    await Promise.all([client.unary({}), client.unary({})]);
    finish();
    expect(sessions.length).toBe(2);
  });
});

describe("a call that the server has not processed", () => {
  it("is made again when it was refused, with what was sent", async () => {
    let refused = 0;
    const server = await frameServer({
      onFrame(connection, { type, flags, streamId }) {
        if (type !== FrameType.DATA || (flags & 1) === 0) return;
        if (refused++ === 0) connection.reset(streamId, REFUSED_STREAM);
        else connection.answer(streamId);
      },
    });
    const { client } = connectTo(server.url);
    const upload = client.upload();
    await upload.send({ text: "a" });
    await upload.send({ text: "b" });
    await upload.closeAndRecv();
    expect((await upload.outcome).attempts).toBe(1);
    const [connection] = server.connections;
    expect(connection?.body(3)).toEqual(connection?.body(1));
    expect(connection?.body(3).length).toBeGreaterThan(0);
  });

  it("is made again once, and then says that it was refused", async () => {
    const server = await frameServer({
      onFrame(connection, { type, streamId }) {
        if (type === FrameType.HEADERS) connection.reset(streamId, REFUSED_STREAM);
      },
    });
    const { client } = connectTo(server.url);
    const error = await failure(client.unary({}));
    expect(error.code).toBe(Code.Unavailable);
    expect(error.rawMessage).toContain("takes no new calls");
    const streams = () =>
      server.connections.flatMap(({ frames }) => frames.filter(({ type }) => type === 1)).length;
    expect(streams()).toBe(2);
    // An RPC that says nothing of being repeatable may be repeated then.
    const retry = { maxAttempts: 2, initialBackoffMs: 1 };
    const again = client.download({}, { retry });
    await failure(again.recv());
    expect((await again.outcome).attempts).toBe(2);
    expect(streams()).toBe(6);
  });

  it("is not made again once the response has begun", async () => {
    const server = await frameServer({
      onFrame(connection, { type, streamId }) {
        if (type !== FrameType.HEADERS) return;
        connection.begin(streamId);
        connection.reset(streamId, REFUSED_STREAM);
      },
    });
    const { client } = connectTo(server.url);
    expect((await failure(client.unary({}))).code).toBe(Code.Unavailable);
    expect(server.connections[0]?.frames.filter(({ type }) => type === 1).length).toBe(1);
  });

  it("is made again on another connection when it lies beyond a GOAWAY", async () => {
    const server = await frameServer({
      onFrame(connection, { type, streamId }) {
        if (type !== FrameType.HEADERS) return;
        if (connection !== server.connections[0]) connection.answer(streamId);
        else if (streamId === 3) {
          connection.goaway(1);
          connection.answer(1);
        }
      },
    });
    const { client } = connectTo(server.url);
    await Promise.all([client.unary({}), client.unary({})]);
    expect(server.connections.length).toBe(2);
  });

  it("costs no call where a server goes away between two", async () => {
    const server = await frameServer({
      onFrame(connection, { type, streamId }) {
        if (type !== FrameType.HEADERS) return;
        if (streamId === 1) return connection.answer(streamId);
        // Idle for too long, it thinks: it closes while a call is on its way.
        connection.goaway(1);
        connection.socket.end();
      },
    });
    const { client } = connectTo(server.url);
    for (let i = 0; i < 20; i++) await client.unary({});
    expect(server.connections.length).toBeGreaterThan(10);
  });
});

describe("a connection that is not made in time", () => {
  it.each([
    ["no settings", false, false],
    ["no settings after TLS", true, false],
  ] as const)("%s", async (_, tls, settings) => {
    const server = await frameServer({ tls, settings });
    const { client, transport } = connectTo(server.url, {
      connectTimeoutMs: 100,
      nodeOptions: { rejectUnauthorized: false },
    });
    const error = await failure(client.unary({}));
    expect(error.code).toBe(Code.Unavailable);
    expect(error.rawMessage).toContain(`cannot connect to ${server.url}`);
    expect(error.rawMessage).toContain("connectTimeoutMs");
    expect(transport.state).toBe("transient-failure");
    await until(() => server.connections.every(({ socket }) => socket.closed));
  });

  it("does not stand in the way of the next one", async () => {
    const server = await frameServer({
      settings: false,
      onFrame(connection, { type, flags, streamId }) {
        if (server.connections.length === 1) return;
        if (type === FrameType.SETTINGS && flags === 0) connection.greet();
        if (type === FrameType.HEADERS) connection.answer(streamId);
      },
    });
    const { client } = connectTo(server.url, { connectTimeoutMs: 500 });
    await failure(client.unary({}));
    await client.unary({});
    expect(server.connections.length).toBe(2);
  });
});

describe("a connection of the user's", () => {
  it("may be any stream of bytes", async () => {
    const server = await serve({ routes: (router) => void registerLabService(router, echo) });
    onTestFinished(() => server.close({ graceMs: 0 }));
    const { client, transport } = connectTo(server.url, {
      nodeOptions: {
        createConnection({ hostname, port }) {
          const socket = connect(Number(port), hostname);
          return Duplex.from({ readable: socket, writable: socket });
        },
      },
    });
    expect(await client.unary({ text: "hi" })).toMatchObject({ text: "hi" });
    await transport.close();
  });

  it("that throws fails the call", async () => {
    const { client } = connectTo("http://127.0.0.1:1", {
      nodeOptions: {
        createConnection() {
          throw new Error("no way out");
        },
      },
    });
    const error = await failure(client.unary({}));
    expect(error.code).toBe(Code.Unavailable);
    expect(error.cause).toMatchObject({ message: "no way out" });
  });
});

it("TLS 1.2 suites that HTTP/2 forbids are refused", async () => {
  const server = await frameServer({ tls: true });
  const { client } = connectTo(server.url, {
    nodeOptions: {
      rejectUnauthorized: false,
      maxVersion: "TLSv1.2",
      ciphers: "ECDHE-ECDSA-AES128-SHA",
    },
  });
  const error = await failure(client.unary({}));
  expect(error.code).toBe(Code.Unavailable);
  expect(error.rawMessage).toContain("ECDHE-ECDSA-AES128-SHA, which HTTP/2 forbids");
});

describe("keepalive", () => {
  it("hears that a server wants fewer pings, and says so", async () => {
    const server = await frameServer({
      onFrame(connection, { type }) {
        if (type !== FrameType.PING) return;
        connection.goaway(1, 11, "too_many_pings");
        connection.socket.end();
      },
    });
    const { client } = connectTo(server.url, { pingIntervalMs: 50 });
    const error = await failure(client.unary({}));
    expect(error.code).toBe(Code.Unavailable);
    expect(error.rawMessage).toContain("too_many_pings");
    expect(error.rawMessage).toContain("pingIntervalMs is 100 from now on");
    expect((await failure(client.unary({}))).rawMessage).toContain("pingIntervalMs is 200");
  });

  it("gives a server up that does not answer", async () => {
    const server = await frameServer({});
    const { client } = connectTo(server.url, { pingIntervalMs: 20, pingTimeoutMs: 20 });
    const error = await failure(client.unary({}));
    expect(error.code).toBe(Code.Unavailable);
    expect(error.rawMessage).toContain("PING timed out");
  });

  it("asks a server that was silent for long before a call goes there", async () => {
    let silent: object | undefined;
    const server = await frameServer({
      onFrame(connection, ping) {
        const { type, streamId } = ping;
        if (type === FrameType.HEADERS) connection.answer(streamId);
        if (type === FrameType.PING && connection !== silent) connection.answerPing(ping);
      },
    });
    const { client } = connectTo(server.url, { pingIntervalMs: 20, pingTimeoutMs: 200 });
    await client.unary({});
    silent = server.connections[0];
    await new Promise((resolve) => setTimeout(resolve, 400));
    // The first connection answers no ping any more: the call goes to another one.
    await client.unary({});
    expect(server.connections.length).toBe(2);
  });
});

describe("headers that are too large", () => {
  const big = "a".repeat(5000);

  it("for the server are not sent, and the error has both sizes", async () => {
    const server = await frameServer({ settings: [[6, 4096]] });
    const { client } = connectTo(server.url);
    const error = await failure(client.unary({}, { headers: { "x-a": big } }));
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.rawMessage).toMatch(
      new RegExp(`headers have 5\\d\\d\\d bytes: ${server.url} accepts at most 4096`),
    );
    expect(server.connections[0]?.frames.some(({ type }) => type === FrameType.HEADERS)).toBe(
      false,
    );
  });

  it("for this client fail the call, and the error has what to raise", async () => {
    const server = await frameServer({
      onFrame(connection, { type, streamId }) {
        if (type === FrameType.HEADERS) connection.answer(streamId, [["x-a", big]]);
      },
    });
    const { client } = connectTo(server.url, { maxHeaderBytes: 4096 });
    const error = await failure(client.unary({}));
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.rawMessage).toContain("raise maxHeaderBytes, which is 4096");
    await connectTo(server.url).client.unary({});
  });
});

it("large uploads leave room for other calls", async () => {
  const read = gate();
  const server = await serve({
    routes: (router) =>
      void registerLabService(router, {
        ...echo,
        async upload(stream) {
          await read.promise;
          let number = 0n;
          for await (const { payload } of stream) number += BigInt(payload.length);
          await stream.sendAndClose({ number });
        },
      }),
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const { client } = connectTo(server.url);
  const uploads = Array.from({ length: 5 }, () => {
    const upload = client.upload();
    for (let i = 0; i < 3; i++) void upload.send({ payload: new Uint8Array(1_000_000) });
    return upload.closeAndRecv();
  });
  const calls = Array.from({ length: 50 }, (_, i) => client.unary({ text: `${i}` }));
  expect((await Promise.all(calls)).length).toBe(50);
  read.resolve();
  for (const { number } of await Promise.all(uploads)) expect(number).toBe(3_000_000n);
});

describe("a transport", () => {
  it("tells the state of its connections, connects and closes", async () => {
    const server = await serve({ routes: (router) => void registerLabService(router, echo) });
    onTestFinished(() => server.close({ graceMs: 0 }));
    const { client, transport } = connectTo(server.url);
    const states: string[] = [];
    const stop = transport.onStateChange((state) => states.push(state));
    expect(transport.state).toBe("idle");
    await transport.connect();
    expect(transport.state).toBe("ready");
    await client.unary({});
    await transport.close();
    expect(states).toEqual(["connecting", "ready", "closed"]);
    const error = await failure(client.unary({}));
    expect(error.code).toBe(Code.Unavailable);
    expect(error.rawMessage).toContain("the transport was closed");
    stop();
  });

  it("lets open calls end when it closes, for a time", async () => {
    const { handler, finish } = holding();
    const server = await serve({ routes: (router) => void registerLabService(router, handler) });
    onTestFinished(() => server.close({ graceMs: 0 }));
    const { client, transport } = connectTo(server.url);
    const held = client.download({});
    await held.header;
    const closed = transport.close();
    expect((await failure(client.unary({}))).code).toBe(Code.Unavailable);
    finish();
    expect(await held.recv()).toBeUndefined();
    await closed;
  });

  it("breaks open calls off at the end of that time", async () => {
    const { handler } = holding();
    const server = await serve({ routes: (router) => void registerLabService(router, handler) });
    onTestFinished(() => server.close({ graceMs: 0 }));
    const { client, transport } = connectTo(server.url);
    const held = client.download({});
    await held.header;
    await transport.close({ graceMs: 0 });
    expect((await failure(held.recv())).code).toBe(Code.Unavailable);
    await expect(transport.close({ graceMs: -1 })).rejects.toThrow(RangeError);
  });

  it("says why it could not connect, and connects when a server is there", async () => {
    const gone = await serve({ routes: (router) => void registerLabService(router, {}) });
    await gone.close();
    const { client, transport } = connectTo(gone.url);
    const states: string[] = [];
    transport.onStateChange((state) => states.push(state));
    expect((await failure(transport.connect())).rawMessage).toContain("nothing listens there");
    expect(transport.state).toBe("transient-failure");
    const server = await serve({
      port: gone.port,
      routes: (router) => void registerLabService(router, echo),
    });
    onTestFinished(() => server.close({ graceMs: 0 }));
    await client.unary({});
    expect(states).toEqual(["connecting", "transient-failure", "connecting", "ready"]);
  });

  it("does not try again with each call while a server is gone", async () => {
    let attempts = 0;
    const gone = await serve({ routes: (router) => void registerLabService(router, {}) });
    await gone.close();
    const { client, transport } = connectTo(gone.url);
    transport.onStateChange((state) => {
      if (state === "connecting") attempts++;
    });
    for (let i = 0; i < 20; i++) {
      const error = await failure(client.unary({}));
      expect(error.code).toBe(Code.Unavailable);
      expect(error.rawMessage).toContain("nothing listens there");
    }
    expect(attempts).toBeLessThan(6);
    // Who asks for a connection gets an attempt.
    const before = attempts;
    await failure(transport.connect());
    expect(attempts).toBe(before + 1);
  });

  it("closes a connection without calls after idleConnectionTimeoutMs", async () => {
    const server = await frameServer({
      onFrame(connection, { type, streamId }) {
        if (type === FrameType.HEADERS) connection.answer(streamId);
      },
    });
    const { client, transport } = connectTo(server.url, { idleConnectionTimeoutMs: 20 });
    await client.unary({});
    await until(() => transport.state === "idle");
    await client.unary({});
    expect(server.connections.length).toBe(2);
  });

  it.each([
    [{ maxConnections: 0 }, "maxConnections must be a whole number from 1 to 1000, not 0"],
    [
      { maxHeaderBytes: "1k" },
      'maxHeaderBytes must be a whole number from 1024 to 16777216, not "1k"',
    ],
    [{ nodeOptions: { maxSessionMemory: 5 } }, "nodeOptions.maxSessionMemory does nothing here"],
    [
      { nodeOptions: { settings: { maxFrameSize: 20_000 } } },
      "nodeOptions.settings.maxFrameSize does nothing here",
    ],
  ])("refuses %o", (options, message) => {
    const create = createStreamTransport as (options: object) => unknown;
    const given = { baseUrl: "http://127.0.0.1:1", protocol: "grpc", ...options };
    expect(() => create(given)).toThrow(message);
  });
});
