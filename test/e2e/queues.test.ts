// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, createRouterTransport, type Interceptor } from "@connectrpc/connect";
import { compressionGzip, connectNodeAdapter } from "@connectrpc/connect-node";
import type { QueueBounds, StreamQueues, WhenFull } from "connect-stream";
import { createServiceClient } from "connect-stream/codegenv1";
import { describe, expect, it } from "vitest";
import { connectNodeTransport, ourTransport } from "../support/clients/transports.js";
import { failure, gate, observed, turn, until } from "../support/gate.js";
import { LabService, type Note } from "../support/gen/lab/v1/lab_pb.js";
import {
  createLabServiceClient,
  type DownloadServerStream,
  type LabServiceClient,
  type LabServiceHandler,
  registerLabService,
  type UploadServerStream,
} from "../support/gen/lab/v1/lab_stream.js";
import { type LabOptions, startLab } from "../support/lab.js";
import { bulk, note } from "../support/note.js";
import { connectOn2, grpcOn2, type Wire, wires } from "../support/wires.js";

interface Setting {
  readonly name: string;
  readonly wire: Wire;
  readonly options: LabOptions;
  readonly transport: typeof ourTransport;
}

const passing: Interceptor = (next) => (request) => next(request);

const settings: readonly Setting[] = [
  ...wires.map((wire) => ({ name: wire.name, wire, options: {}, transport: ourTransport })),
  {
    name: "compressed",
    wire: grpcOn2,
    options: { adapter: { compressMinBytes: 0 } },
    transport: (url, wire) =>
      ourTransport(url, wire, { sendCompression: compressionGzip, compressMinBytes: 0 }),
  },
  {
    name: "behind interceptors",
    wire: grpcOn2,
    // Compression, too, would let a few more go ahead of the queue.
    options: { adapter: { interceptors: [passing], acceptCompression: [] } },
    transport: (url, wire) => ourTransport(url, wire, { interceptors: [passing] }),
  },
  {
    name: "Connect's adapter and transport",
    wire: connectOn2,
    options: { listener: connectNodeAdapter },
    transport: connectNodeTransport,
  },
];

const three = (whenFull: NonNullable<QueueBounds["whenFull"]>): QueueBounds => ({
  maxMessages: 3,
  whenFull,
});

/** A stream that messages are sent on. */
interface Sending {
  readonly queued: { readonly send: { readonly messages: number } };
  send(message: Note): Promise<void>;
}

/** Sends until something waits, all at once. How many were sent. */
function fill(stream: Sending): number {
  let sent = 0;
  while (stream.queued.send.messages === 0) void stream.send(bulk(64 * 1024, sent++));
  return sent;
}

/** Fills the queue with three messages, and sends more. */
function overfill(stream: Sending, more: number) {
  const first = fill(stream);
  const sends = Array.from({ length: 2 + more }, (_, i) => stream.send(bulk(64 * 1024, first + i)));
  return { first, sends };
}

/** Numbers from one up to before another. */
function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

async function numbers(stream: AsyncIterable<Note>): Promise<number[]> {
  const read: number[] = [];
  for await (const { number } of stream) read.push(Number(number));
  return read;
}

/** Lasts until the call is over. */
function over({ signal }: { signal: AbortSignal }): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
}

describe.each(settings)("$name", ({ wire, options, transport }) => {
  const serve = (handler: Partial<LabServiceHandler>, queues: StreamQueues = {}) =>
    startLab(handler, { ...options, http: wire.http, service: { queues } });
  const dial = (url: string, queues: StreamQueues = {}) =>
    createLabServiceClient(transport(url, wire), { queues });

  it("a handler's send fails when the queue is full, and the stream goes on", async () => {
    const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
      const { sends } = overfill(stream, 1);
      expect(stream.queued.send.messages).toBe(3);
      const error = await failure(sends[2] as Promise<void>);
      expect(error.code).toBe(Code.ResourceExhausted);
      expect(error.rawMessage).toBe(
        "the send queue is full: 3 messages, configured queues.send.maxMessages is 3",
      );
      await Promise.all(sends.slice(0, 2));
    });
    await using lab = await serve({ download: handler }, { send: three("fail") });
    const read = await numbers(dial(lab.url).download({}));
    expect(await ended).toBeUndefined();
    expect(read).toEqual(range(0, read.length));
    await lab.idle();
  });

  it("a handler's messages that wait longest are dropped, and no other", async () => {
    let first = 0;
    const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
      const all = overfill(stream, 4);
      first = all.first;
      expect(stream.queued.send).toMatchObject({ messages: 3, dropped: 4 });
      await Promise.all(all.sends);
    });
    await using lab = await serve({ download: handler }, { send: three("drop-oldest") });
    const read = await numbers(dial(lab.url).download({}));
    expect(await ended).toBeUndefined();
    expect(read).toEqual([...range(0, first - 1), ...range(first + 3, first + 6)]);
    await lab.idle();
  });

  it("a handler runs ahead of a reader by the queue, and no further", async () => {
    let waiting = 0;
    const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
      for (let number = 0; number < 100; number++) {
        await stream.send(bulk(256 * 1024, number));
        waiting = Math.max(waiting, stream.queued.send.messages);
      }
    });
    await using lab = await serve({ download: handler }, { send: { maxMessages: 3 } });
    const call = dial(lab.url).download({});
    await until(() => waiting >= 3);
    expect(await numbers(call)).toEqual(range(0, 100));
    // Behind interceptors, one more is on its way to the connection.
    expect(waiting).toBeLessThanOrEqual(4);
    expect(await ended).toBeUndefined();
    await lab.idle();
  });

  const upload: Pick<LabServiceHandler, "upload"> = {
    async upload(stream) {
      const read = await numbers(stream);
      await stream.sendAndClose({ text: read.join() });
    },
  };

  it("a client's send fails when the queue is full, and the stream goes on", async () => {
    await using lab = await serve(upload);
    const call = dial(lab.url, { send: three("fail") }).upload();
    const { first, sends } = overfill(call, 1);
    const error = await failure(sends[2] as Promise<void>);
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.rawMessage).toContain("configured queues.send.maxMessages is 3");
    await Promise.all(sends.slice(0, 2));
    expect((await call.closeAndRecv()).text).toBe(range(0, first + 2).join());
    expect((await call.outcome).sent).toMatchObject({ messages: first + 2, dropped: 0 });
    await lab.idle();
  });

  it("a client's messages that wait longest are dropped and counted", async () => {
    await using lab = await serve(upload);
    const call = dial(lab.url, { send: three("drop-oldest") }).upload();
    const { first, sends } = overfill(call, 4);
    expect(call.queued.send).toMatchObject({ messages: 3, dropped: 4 });
    await Promise.all(sends);
    const left = [...range(0, first - 1), ...range(first + 3, first + 6)];
    expect((await call.closeAndRecv()).text).toBe(left.join());
    expect((await call.outcome).sent).toMatchObject({ messages: first + 2, dropped: 4 });
    expect(call.queued.send.messages).toBe(0);
    await lab.idle();
  });

  it("a client's queue counts bytes, if it is to", async () => {
    await using lab = await serve(upload);
    const call = dial(lab.url).upload({
      queues: { send: { maxBytes: 200_000, whenFull: "fail" } },
    });
    const { sends } = overfill(call, 1);
    expect(call.queued.send.messages).toBe(3);
    expect(call.queued.send.bytes).toBeGreaterThan(3 * 64 * 1024);
    expect((await failure(sends[2] as Promise<void>)).rawMessage).toMatch(
      /^the send queue is full: 1966\d\d bytes and 655\d\d more, configured queues.send.maxBytes is/,
    );
    call.close();
    await lab.idle();
  });

  it("what waits when a client closes its call was sent, and is lost", async () => {
    const { handler, ended } = observed(async (stream: UploadServerStream) => {
      for await (const _ of stream);
    });
    await using lab = await serve({ upload: handler });
    const call = dial(lab.url, { send: three("wait") }).upload();
    const { sends } = overfill(call, 1);
    await Promise.all(sends.slice(0, 2));
    await until(() => lab.open > 0);
    call.close();
    expect((await failure(call.send(note("late")))).code).toBe(Code.Canceled);
    expect(call.queued.send.messages).toBe(0);
    expect(await ended).toMatchObject({ code: Code.Canceled });
    await lab.idle();
  });

  it("a handler that does not read fails the call when too much has arrived", async () => {
    const { handler, ended } = observed(async (stream: UploadServerStream) => {
      await over(stream.context);
      await stream.recv();
    });
    await using lab = await serve({ upload: handler }, { receive: three("fail") });
    const call = dial(lab.url).upload();
    for (let i = 0; i < 4; i++) void call.send(note("unread"));
    const { error, endedBy } = await call.outcome;
    expect(error?.code).toBe(Code.ResourceExhausted);
    expect(error?.rawMessage).toMatch(
      /the receive queue overflows: \d+ messages, configured queues.receive.maxMessages is 3/,
    );
    expect(endedBy).toBe("server");
    expect(await ended).toMatchObject({ code: Code.ResourceExhausted });
    await lab.idle();
  });

  it("a handler that does not read finds what came last, and the end", async () => {
    const dropped = gate();
    const { handler, ended } = observed(async (stream: UploadServerStream) => {
      await until(() => stream.queued.receive.dropped === 7);
      expect(stream.queued.receive.messages).toBe(3);
      dropped.resolve();
      await stream.sendAndClose({ text: (await numbers(stream)).join() });
    });
    await using lab = await serve({ upload: handler }, { receive: three("drop-oldest") });
    const call = dial(lab.url).upload();
    for (const number of range(0, 10)) void call.send(bulk(10, number));
    await dropped.promise;
    expect((await call.closeAndRecv()).text).toBe("7,8,9");
    expect(await ended).toBeUndefined();
    await lab.idle();
  });

  it("a handler that does not read has as much waiting for it as it wants", async () => {
    const { handler, ended } = observed(async (stream: UploadServerStream) => {
      await until(() => stream.queued.receive.bytes > 900_000);
      await stream.sendAndClose({ text: (await numbers(stream)).join() });
    });
    await using lab = await serve({ upload: handler }, { receive: { maxBytes: 1_000_000 } });
    const call = dial(lab.url).upload();
    for (const number of range(0, 60)) void call.send(bulk(32 * 1024, number));
    expect((await call.closeAndRecv()).text).toBe(range(0, 60).join());
    expect(await ended).toBeUndefined();
    await lab.idle();
  });

  it("a client that does not read fails the call when too much has arrived", async () => {
    const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
      for (let i = 0; i < 4; i++) void stream.send(note("unread"));
      await over(stream.context);
      await stream.send(note("late"));
    });
    await using lab = await serve({ download: handler });
    const call = dial(lab.url, { receive: three("fail") }).download({});
    const { error, endedBy } = await call.outcome;
    expect(error?.code).toBe(Code.ResourceExhausted);
    expect(endedBy).toBe("client");
    expect(await failure(call.recv())).toBe(error);
    expect(await ended).toMatchObject({ code: Code.Canceled });
    await lab.idle();
  });

  it("a client that does not read finds what came last, the end, and a count", async () => {
    const go = gate();
    await using lab = await serve({
      async download(_request, stream) {
        for (const number of range(0, 10)) void stream.send(bulk(10, number));
        await go.promise;
        stream.context.responseTrailer.set("last", "word");
      },
    });
    const call = dial(lab.url, { receive: three("drop-oldest") }).download({});
    await until(() => call.queued.receive.dropped === 7);
    expect(call.queued.receive.messages).toBe(3);
    go.resolve();
    expect(await numbers(call)).toEqual([7, 8, 9]);
    expect((await call.outcome).received).toMatchObject({ messages: 10, dropped: 7 });
    expect((await call.trailer).get("last")).toBe("word");
    await lab.idle();
  });
});

// Messages that were compressed take longer than the turn in which they arrive.
const readAtOnce = settings.filter(({ name }) => name !== "compressed");

describe.each(readAtOnce)("$name", ({ wire, options, transport }) => {
  it("who keeps up loses nothing that arrives at once", async () => {
    const go = gate();
    const handler: Partial<LabServiceHandler> = {
      async download(_request, stream) {
        for (const number of range(0, 500)) void stream.send(bulk(10, number));
        await go.promise;
      },
    };
    await using lab = await startLab(handler, { ...options, http: wire.http });
    const queues: StreamQueues = { receive: { maxMessages: 1, whenFull: "fail" } };
    const call = createLabServiceClient(transport(lab.url, wire), { queues }).download({});
    const read: number[] = [];
    for await (const { number } of call) {
      if (read.push(Number(number)) === 500) go.resolve();
    }
    expect(read).toEqual(range(0, 500));
    await lab.idle();
  });
});

it("a reader that has stalled is told from a queue that moves", async () => {
  const { handler, ended } = observed(async (stream: UploadServerStream) => over(stream.context));
  await using lab = await startLab({ upload: handler });
  const client = createLabServiceClient(ourTransport(lab.url, grpcOn2));
  const call = client.upload({
    queues: { send: three("drop-oldest") },
    timeouts: { sendMs: 100 },
  });
  const produce = async () => {
    for (;;) {
      await call.send(bulk(32 * 1024));
      await turn();
    }
  };
  expect((await failure(produce())).code).toBe(Code.DeadlineExceeded);
  expect((await call.outcome).sent.dropped).toBeGreaterThan(0);
  expect(await ended).toBeUndefined();
  await lab.idle();
});

it("an endless stream in memory is dropped, too, and lets others live", async () => {
  const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
    for (let number = 0n; ; number++) await stream.send({ number });
  });
  const transport = createRouterTransport((router) => {
    registerLabService(router, { download: handler });
  });
  const queues = { receive: three("drop-oldest") };
  const call = createLabServiceClient(transport).download({}, { queues });
  await until(() => call.queued.receive.dropped > 1000);
  expect(Number((await call.recv())?.number)).toBeGreaterThan(1000);
  call.close();
  expect(await ended).toMatchObject({ code: Code.Canceled });
});

it("both directions of a bidirectional stream have a queue of their own", async () => {
  const go = gate();
  await using lab = await startLab({
    async chat(stream) {
      await until(() => stream.queued.receive.messages === 2);
      expect(stream.queued.send).toEqual({ messages: 0, bytes: 0, dropped: 0 });
      for (const number of [1, 2, 3]) await stream.send(bulk(10, number));
      await go.promise;
    },
  });
  const call = createLabServiceClient(ourTransport(lab.url, grpcOn2)).chat();
  await Promise.all([call.send(note("a")), call.send(note("b"))]);
  await until(() => call.queued.receive.messages === 3);
  expect(call.queued.receive).toMatchObject({ bytes: 42, dropped: 0 });
  await call.recv();
  expect(call.queued.receive.messages).toBe(2);
  go.resolve();
  expect(await numbers(call)).toEqual([2, 3]);
  await lab.idle();
});

it("a call that is made again loses nothing of its queue, and shows it", async () => {
  let attempts = 0;
  await using lab = await startLab({
    async upload(stream) {
      if (++attempts === 1) throw new ConnectError("busy", Code.Unavailable);
      await stream.sendAndClose({ text: (await numbers(stream)).join() });
    },
  });
  const client = createLabServiceClient(ourTransport(lab.url, grpcOn2), {
    retry: { initialBackoffMs: 1, maxBackoffMs: 1, retryableCodes: [Code.Unavailable] },
    queues: { send: three("drop-oldest") },
  });
  const call = client.upload();
  for (const number of range(0, 5)) await call.send(bulk(10, number));
  expect(call.queued.send).toMatchObject({ messages: 3, dropped: 2 });
  expect((await call.closeAndRecv()).text).toBe("2,3,4");
  expect(await call.outcome).toMatchObject({ attempts: 2, sent: { messages: 3, dropped: 2 } });
  await lab.idle();
});

describe("an interceptor that yields what is no message fails the call, if its bytes count", () => {
  async function* spoiled<M extends object>(messages: AsyncIterable<M>): AsyncIterable<M> {
    for await (const message of messages) {
      Reflect.set(message, "number", 1.5);
      yield message;
    }
  }
  const queues = { receive: { maxBytes: 1000 } };
  const chat: LabServiceHandler["chat"] = async (stream) => {
    for await (const message of stream) await stream.send(message);
  };

  it("on a server", async () => {
    const spoil: Interceptor = (next) => (request) =>
      next(request.stream ? { ...request, message: spoiled(request.message) } : request);
    const adapter = { interceptors: [spoil] };
    await using lab = await startLab({ chat }, { adapter, service: { queues } });
    const call = createLabServiceClient(ourTransport(lab.url, grpcOn2)).chat();
    await call.send(note("a"));
    expect((await failure(call.recv())).code).toBe(Code.Internal);
    await lab.idle();
  });

  it("on a client", async () => {
    const spoil: Interceptor = (next) => async (request) => {
      const response = await next(request);
      return response.stream ? { ...response, message: spoiled(response.message) } : response;
    };
    await using lab = await startLab({ chat });
    const transport = ourTransport(lab.url, grpcOn2, { interceptors: [spoil] });
    const call = createLabServiceClient(transport, { queues }).chat();
    await call.send(note("a"));
    expect((await failure(call.recv())).code).toBe(Code.Internal);
    expect(await call.outcome).toMatchObject({ code: Code.Internal, endedBy: "client" });
    await lab.idle();
  });
});

it("a call goes before code, and code before the schema, key by key", async () => {
  const client = createServiceClient<LabServiceClient>(
    LabService,
    ourTransport("http://127.0.0.1:1", grpcOn2),
    { queues: { send: { whenFull: "fail" } } },
    { upload: { policy: { queues: { send: { maxMessages: 2, maxBytes: 1000 } } } } },
  );
  for (const [queues, messages] of [
    [undefined, 2],
    [{ send: { maxMessages: 4 } }, 4],
  ] as const) {
    const call = client.upload(queues && { queues });
    for (let i = 0; i < messages; i++) await call.send(note("fits"));
    expect((await failure(call.send(note("does not")))).rawMessage).toContain(
      `configured queues.send.maxMessages is ${messages}`,
    );
    call.close();
  }
});

it.each([
  [
    { send: { maxMessages: 0 } },
    "queues.send.maxMessages must be a whole number from 1 to 4294967295, not 0",
  ],
  [{ receive: { maxBytes: 1.5 } }, "queues.receive.maxBytes must be a whole number from 1 to"],
  [
    { send: { whenFull: String("drop") as WhenFull } },
    'queues.send.whenFull must be wait, fail, drop-oldest, not "drop"',
  ],
  [{ send: { max: 1 } } as StreamQueues, "queues.send.max does not exist: use maxMessages"],
  [{ recv: {} } as StreamQueues, "queues.recv does not exist: use send, receive"],
])("%o is refused where it is set", async (queues, message) => {
  const transport = ourTransport("http://127.0.0.1:1", grpcOn2);
  expect(() => createLabServiceClient(transport, { queues })).toThrow(RangeError);
  expect(() => createLabServiceClient(transport, { queues })).toThrow(message);
  expect(() => createLabServiceClient(transport).chat({ queues })).toThrow(message);
  await expect(startLab({}, { service: { queues } })).rejects.toThrow(message);
});
