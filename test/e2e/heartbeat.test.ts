// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import * as http2 from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, type ConnectRouter, createClient, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { StreamServiceOptions } from "connect-stream";
import { describe, expect, it } from "vitest";
import { connectNodeTransport, ourTransport } from "../support/clients/transports.js";
import { failure, gate, turn } from "../support/gate.js";
import { EventSchema, HeartbeatService, TickSchema } from "../support/gen/lab/v1/policy_pb.js";
import {
  createHeartbeatServiceClient,
  type HeartbeatServiceHandler,
  registerHeartbeatService,
  type WatchServerStream,
} from "../support/gen/lab/v1/policy_stream.js";
import { type Lab, type LabOptions, serveLab, startLab } from "../support/lab.js";
import { bulk } from "../support/note.js";
import { noteEnvelope } from "../support/raw.js";
import { stockServers } from "../support/stock-servers.js";
import { inTime, pass, useVirtualTime } from "../support/virtual-time.js";
import { connectOn1, connectOn2, grpcOn2, type Wire, wires } from "../support/wires.js";

type Handler = Partial<HeartbeatServiceHandler>;

const INTERVAL_MS = 1000; // that of the schema
/** So short that what arrives is ahead of the time after which a server cuts a stream that has ended. */
const STEP_MS = 50;
const passing: Interceptor = (next) => (request) => next(request);
const beat = create(TickSchema, { heartbeat: true });

useVirtualTime();

/** Messages to the end of a stream. */
async function rest<T>(stream: AsyncIterator<T>): Promise<T[]> {
  const messages: T[] = [];
  for (let next = await stream.next(); !next.done; next = await stream.next()) {
    messages.push(next.value);
  }
  return messages;
}

async function* after(promise: Promise<void>): AsyncIterable<{ text: string }> {
  await promise;
  yield { text: "foreign" };
}

/**
 * Sends until flow control takes no more, and takes back what it does not take: nothing waits in
 * the stream then, but the connection is full. Resolves to how many messages were sent.
 */
async function fill(stream: WatchServerStream): Promise<number> {
  const { payload } = bulk(256 * 1024);
  for (let sent = 0; ; sent++) {
    const controller = new AbortController();
    const sending = stream.send({ payload }, { signal: controller.signal }).then(
      () => true,
      () => false,
    );
    // Both ends run here: what can move has moved by then.
    for (let turns = 0; turns < 300; turns++) await turn();
    controller.abort();
    if (!(await sending)) return sent;
  }
}

interface Setting {
  readonly name: string;
  readonly wire: Wire;
  readonly transport: typeof ourTransport;
  start(handler: Handler, service?: StreamServiceOptions): Promise<Lab>;
}

const routesOf = (handler: Handler, service?: StreamServiceOptions) => (router: ConnectRouter) => {
  registerHeartbeatService(router, handler, service);
};

function onLab(wire: Wire, options: LabOptions = {}): Omit<Setting, "name"> {
  return {
    wire,
    transport: ourTransport,
    start(handler, service) {
      const routes = routesOf(handler, service);
      return startLab({}, { ...options, http: wire.http, routes });
    },
  };
}

const settings: readonly Setting[] = [
  ...wires.map((wire) => ({ ...onLab(wire), name: wire.name })),
  {
    ...onLab(grpcOn2, { adapter: { interceptors: [passing] } }),
    transport: (url, wire) => ourTransport(url, wire, { interceptors: [passing] }),
    name: "behind interceptors",
  },
  {
    ...onLab(connectOn2, { listener: connectNodeAdapter }),
    transport: connectNodeTransport,
    name: "Connect's adapter and transport",
  },
  ...stockServers.map((server) => ({
    name: server.name,
    wire: server.http === "2" ? connectOn2 : connectOn1,
    transport: ourTransport,
    start: async (handler: Handler, service?: StreamServiceOptions) =>
      serveLab(await server.listener(routesOf(handler, service)), server.http),
  })),
];

describe.each(settings)("$name", ({ wire, start, transport: connect }) => {
  it("a quiet stream has heartbeats, which our client keeps to itself", async () => {
    const over = gate();
    await using lab = await start({
      async watch(_request, stream) {
        await stream.send({ text: "first" });
        await over.promise;
        await stream.send({ text: "last" });
      },
    });
    const transport = connect(lab.url, wire);
    const foreign = createClient(HeartbeatService, transport).watch({})[Symbol.asyncIterator]();
    const stream = createHeartbeatServiceClient(transport).watch({});
    expect((await foreign.next()).value).toMatchObject({ text: "first" });
    expect(await stream.recv()).toMatchObject({ text: "first" });
    const next = stream.recv();
    for (let beats = 0; beats < 3; beats++) {
      expect(await inTime(foreign.next(), INTERVAL_MS)).toEqual({ done: false, value: beat });
    }
    over.resolve();
    expect(await next).toMatchObject({ text: "last" });
    expect(await stream.recv()).toBeUndefined();
    expect((await stream.outcome).received.messages).toBe(2);
    expect((await rest(foreign)).at(-1)).toMatchObject({ text: "last" });
  });

  it("a stream whose handler has sent nothing yet has heartbeats, too", async () => {
    const over = gate();
    await using lab = await start({ watch: () => over.promise });
    const client = createClient(HeartbeatService, connect(lab.url, wire));
    const foreign = client.watch({})[Symbol.asyncIterator]();
    expect((await inTime(foreign.next(), INTERVAL_MS)).value).toEqual(beat);
    over.resolve();
    for (const message of await rest(foreign)) expect(message).toEqual(beat);
  });

  it("they count for limits of a stream's size, on both sides", async () => {
    const over = gate();
    const three = 3 * toBinary(TickSchema, beat).byteLength;
    const tooMuch = (name: string) => ({
      code: Code.ResourceExhausted,
      rawMessage: expect.stringContaining(`larger than configured ${name} ${three}`),
    });
    await using lab = await start({ watch: () => over.promise });
    const limits = { readStreamMaxBytes: three };
    const stream = createHeartbeatServiceClient(connect(lab.url, wire), { limits }).watch({});
    const received = failure(stream.recv());
    expect(await inTime(received, STEP_MS)).toMatchObject(tooMuch("readStreamMaxBytes"));
    expect(await stream.recv().catch(() => "failed")).toBe("failed");

    const service = { limits: { writeStreamMaxBytes: three } };
    await using small = await start({ watch: () => over.promise }, service);
    const call = createHeartbeatServiceClient(connect(small.url, wire)).watch({});
    const sent = failure(call.recv());
    expect(await inTime(sent, STEP_MS)).toMatchObject(tooMuch("writeStreamMaxBytes"));
    over.resolve();
  });

  it("a reader that has stalled has no queue of them before it", async () => {
    const stalled = gate<number>();
    const over = gate();
    await using lab = await start({
      async watch(_request, stream) {
        await stream.send({ text: "first" });
        stalled.resolve(await fill(stream));
        await over.promise;
        await stream.send({ text: "last" });
      },
    });
    const transport = connect(lab.url, wire, { acceptCompression: [] });
    const foreign = createClient(HeartbeatService, transport).watch({})[Symbol.asyncIterator]();
    expect((await foreign.next()).value).toMatchObject({ text: "first" });
    const sent = await stalled.promise;
    for (let i = 0; i < 100; i++) await pass(INTERVAL_MS);
    over.resolve();
    const messages = await rest(foreign);
    expect(messages.filter(({ heartbeat }) => heartbeat).length).toBeLessThanOrEqual(1);
    expect(messages.filter(({ payload }) => payload.length > 0)).toHaveLength(sent);
    expect(messages.at(-1)).toMatchObject({ text: "last" });
  });
});

const fullDuplex = settings.filter(({ wire }) => wire.http === "2");

describe.each(fullDuplex)("$name, both ways", ({ wire, start, transport: connect }) => {
  it("a bidirectional stream has heartbeats as members of a oneof", async () => {
    await using lab = await start({
      async talk(stream) {
        for await (const { text } of stream) {
          await stream.send({ kind: { case: "text", value: text } });
        }
      },
    });
    const transport = connect(lab.url, wire);
    const heard = gate();
    const talk = createClient(HeartbeatService, transport).talk(after(heard.promise));
    const foreign = talk[Symbol.asyncIterator]();
    const stream = createHeartbeatServiceClient(transport).talk();
    const echo = stream.recv();
    const kind = { case: "stillHere" as const, value: {} };
    expect((await inTime(foreign.next(), INTERVAL_MS)).value).toEqual(
      create(EventSchema, { kind }),
    );
    heard.resolve();
    await stream.send({ text: "hello" });
    expect((await echo)?.kind).toEqual({ case: "text", value: "hello" });
    await stream.closeSend();
    expect(await stream.recv()).toBeUndefined();
    expect((await stream.outcome).received.messages).toBe(1);
    expect((await rest(foreign)).at(-1)?.kind).toEqual({ case: "text", value: "foreign" });
  });
});

it("interceptors of our adapter see none", async () => {
  const over = gate();
  const seen: unknown[] = [];
  async function* noted<T>(messages: AsyncIterable<T>): AsyncIterable<T> {
    for await (const message of messages) {
      seen.push(message);
      yield message;
    }
  }
  const noting: Interceptor = (next) => async (request) => {
    const response = await next(request);
    return response.stream ? { ...response, message: noted(response.message) } : response;
  };
  const { start } = onLab(grpcOn2, { adapter: { interceptors: [noting] } });
  await using lab = await start({
    async watch(_request, stream) {
      await over.promise;
      await stream.send({ text: "last" });
    },
  });
  const client = createClient(HeartbeatService, ourTransport(lab.url, grpcOn2));
  const foreign = client.watch({})[Symbol.asyncIterator]();
  expect((await inTime(foreign.next(), INTERVAL_MS)).value).toEqual(beat);
  over.resolve();
  await rest(foreign);
  expect(seen).toMatchObject([{ text: "last" }]);
});

it("none waits behind a message that flow control holds back, however small that is", async () => {
  const over = gate();
  const { start } = onLab(grpcOn2);
  await using lab = await start({
    async watch(_request, stream) {
      await stream.send({ payload: bulk(4096).payload });
      await over.promise;
    },
  });
  const session = http2.connect(lab.url, { settings: { initialWindowSize: 1000 } });
  const stream = session.request({
    ":method": "POST",
    ":path": "/lab.v1.HeartbeatService/Watch",
    "content-type": "application/grpc",
  });
  stream.end(noteEnvelope());
  await once(stream, "response");
  for (let i = 0; i < 100; i++) await pass(INTERVAL_MS);
  over.resolve();
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  session.destroy();
  const body = Buffer.concat(chunks);
  const sizes: number[] = [];
  for (let at = 0; at < body.length; at += 5 + body.readUInt32BE(at + 1)) {
    sizes.push(body.readUInt32BE(at + 1));
  }
  const [first = 0, ...beats] = sizes;
  expect(first).toBeGreaterThan(4096);
  expect(beats.length).toBeLessThanOrEqual(1);
});
