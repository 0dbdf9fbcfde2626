// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { type MessageStream, type ResumeOptions, resumable } from "connect-stream";
import { serve } from "connect-stream/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { failure, gate } from "../support/gate.js";
import type { Note } from "../support/gen/lab/v1/lab_pb.js";
import {
  createLabServiceClient,
  type LabServiceClient,
  type LabServiceHandler,
  registerLabService,
} from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { grpcOn2, wires } from "../support/wires.js";

type Asked = Parameters<LabServiceClient["download"]>[0];
const quick = { initialBackoffMs: 1, maxBackoffMs: 1 };
const next = ({ number }: Note): Asked => ({ number });

/** Large enough that not many messages are on their way when a connection is lost. */
const payload = new Uint8Array(16 * 1024);

/** Sends all numbers after that of the request, until the client goes away. */
const counting: Pick<LabServiceHandler, "download"> = {
  async download({ number }, stream) {
    for (let i = number + 1n; ; i++) await stream.send({ number: i, payload });
  },
};

/** Sends as many numbers after that of the request as `batches` says, and then fails. */
function inBatches(batches: number[], error = new ConnectError("gone", Code.Unavailable)) {
  const asked: bigint[] = [];
  const handler: Pick<LabServiceHandler, "download"> = {
    async download({ number }, stream) {
      asked.push(number);
      const size = batches.shift();
      if (size === undefined) return;
      for (let i = 1n; i <= size; i++) await stream.send({ number: number + i });
      throw error;
    },
  };
  return { asked, handler };
}

async function start(
  handler: Partial<LabServiceHandler>,
  options: Partial<ResumeOptions<Asked, Note>> = {},
): Promise<MessageStream<Note>> {
  const lab = await startLab(handler);
  onTestFinished(() => lab[Symbol.asyncDispose]());
  const client = createLabServiceClient(ourTransport(lab.url, grpcOn2));
  return resumable(client.download, { request: { number: 0n }, next, ...quick, ...options });
}

async function numbers(stream: AsyncIterable<Note>, limit = Number.POSITIVE_INFINITY) {
  const got: number[] = [];
  for await (const { number } of stream) if (got.push(Number(number)) === limit) break;
  return got;
}

const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

const restarted = "a watch survives restarts of its server, without gaps or doubles, $name";

it.each(wires)(restarted, async (wire) => {
  const run = (port: number) =>
    serve({ port, routes: (router) => void registerLabService(router, counting) });
  let server = await run(0);
  onTestFinished(() => server.close({ graceMs: 0 }));
  const client = createLabServiceClient(ourTransport(server.url, wire));
  let resumed = 0;
  const onResume = () => {
    resumed++;
  };
  const options = { request: { number: 0n }, next, ...quick, onResume };
  await using stream = resumable(client.download, {
    ...options,
    maxAttempts: Number.POSITIVE_INFINITY,
  });
  const got: number[] = [];
  for (const restarts of [1, 2, 3]) {
    got.push(Number((await stream.recv())?.number));
    const { port } = server;
    await server.close({ graceMs: 0 });
    server = await run(port);
    while (resumed < restarts) got.push(Number((await stream.recv())?.number));
  }
  expect(got).toEqual(upTo(got.length));
});

it("a watch survives lost connections", async () => {
  const lab = await startLab(counting);
  onTestFinished(() => lab[Symbol.asyncDispose]());
  const client = createLabServiceClient(ourTransport(lab.fragileUrl, grpcOn2));
  let lost = 0;
  const onInterrupt = () => {
    lost++;
  };
  const options = { request: { number: 0n }, next, ...quick, onInterrupt };
  await using stream = resumable(client.download, options);
  const got: number[] = [];
  for await (const { number } of stream) {
    if (got.push(Number(number)) % 10 === 0) lab.cut();
    if (lost >= 3) break;
  }
  expect(got).toEqual(upTo(got.length));
  expect((await stream.outcome).attempts).toBeGreaterThan(3);
});

describe("resumable", () => {
  it("asks for what follows the last message", async () => {
    const { asked, handler } = inBatches([2, 0, 3]);
    const stream = await start(handler);
    expect(await numbers(stream)).toEqual(upTo(5));
    expect(asked).toEqual([0n, 2n, 2n, 5n]);
    const outcome = { code: undefined, attempts: 4, endedBy: "server", received: { messages: 5 } };
    expect(await stream.outcome).toMatchObject(outcome);
  });

  it("tells of what happens", async () => {
    const events: unknown[] = [];
    const stream = await start(inBatches([2, 0, 3]).handler, {
      onInterrupt: ({ error, retry }) => events.push([error.rawMessage, retry]),
      onResume: ({ request, retries }) => events.push([request, retries]),
    });
    await numbers(stream);
    expect(events).toEqual([
      ["gone", 1],
      ["gone", 2],
      [{ number: 2n }, 2],
      ["gone", 1],
    ]);
  });

  it("gives up after so many failures in a row", async () => {
    const { asked, handler } = inBatches([1, 0, 1, 0, 0, 0, 0]);
    const stream = await start(handler, { maxAttempts: 3 });
    expect((await stream.recv())?.number).toBe(1n);
    expect((await stream.recv())?.number).toBe(2n);
    expect((await failure(stream.recv())).code).toBe(Code.Unavailable);
    expect(asked).toEqual([0n, 1n, 1n, 2n, 2n]);
    expect(await stream.outcome).toMatchObject({ code: Code.Unavailable, attempts: 5 });
  });

  it("does not go on after another code", async () => {
    const error = new ConnectError("no such thing", Code.NotFound);
    const stream = await start(inBatches([1, 1], error).handler);
    expect((await stream.recv())?.number).toBe(1n);
    expect((await failure(stream.recv())).code).toBe(Code.NotFound);
    const other = await start(inBatches([1, 1], error).handler, {
      resumableCodes: [Code.NotFound],
    });
    expect(await numbers(other)).toEqual(upTo(2));
  });

  it("fails if next does", async () => {
    const stream = await start(inBatches([1]).handler, {
      next: () => {
        throw new ConnectError("cannot go on", Code.DataLoss);
      },
    });
    await stream.recv();
    expect((await failure(stream.recv())).code).toBe(Code.DataLoss);
    expect((await stream.outcome).endedBy).toBe("client");
  });

  it.each(["onInterrupt", "onResume"] as const)("fails if an async %s does", async (event) => {
    const stream = await start(inBatches([1, 1]).handler, {
      async [event]() {
        throw new ConnectError("no log", Code.DataLoss);
      },
    });
    expect((await failure(numbers(stream))).code).toBe(Code.DataLoss);
    expect((await stream.outcome).endedBy).toBe("client");
  });

  it("fails if a later call cannot even be made", async () => {
    const lab = await startLab(inBatches([1]).handler);
    onTestFinished(() => lab[Symbol.asyncDispose]());
    const client = createLabServiceClient(ourTransport(lab.url, grpcOn2));
    let calls = 0;
    const stream = resumable(
      (request: Asked, options) => {
        if (++calls > 1) throw new ConnectError("token expired", Code.Unauthenticated);
        return client.download(request, options);
      },
      { request: { number: 0n }, next, ...quick },
    );
    await stream.recv();
    expect((await failure(stream.recv())).code).toBe(Code.Unauthenticated);
    const outcome = { code: Code.Unauthenticated, endedBy: "client", attempts: 1 };
    expect(await stream.outcome).toMatchObject(outcome);
  });

  it("a recv that times out loses no message", async () => {
    const missed = gate();
    const stream = await start({
      async download({ number }, server) {
        await missed.promise;
        await server.send({ number: number + 1n });
      },
    });
    expect((await failure(stream.recv({ timeoutMs: 1 }))).code).toBe(Code.DeadlineExceeded);
    missed.resolve();
    expect((await stream.recv())?.number).toBe(1n);
  });

  it("close ends it, also while it waits", async () => {
    const slow = { initialBackoffMs: 600_000, maxBackoffMs: 600_000 };
    const stream: MessageStream<Note> = await start(inBatches([0]).handler, {
      ...slow,
      onInterrupt: () => queueMicrotask(() => stream.close()),
    });
    expect((await failure(stream.recv())).code).toBe(Code.Canceled);
    expect(await stream.outcome).toMatchObject({ endedBy: "client", attempts: 1 });
  });

  it("its signal and its deadline end it, also while it waits", async () => {
    const slow = { initialBackoffMs: 600_000, maxBackoffMs: 600_000 };
    const late = await start(inBatches([0]).handler, { ...slow, call: { timeoutMs: 100 } });
    expect((await failure(late.recv())).code).toBe(Code.DeadlineExceeded);
    const controller = new AbortController();
    const aborted = await start(inBatches([0]).handler, {
      ...slow,
      call: { signal: controller.signal },
      onInterrupt: () => controller.abort(),
    });
    expect((await failure(aborted.recv())).code).toBe(Code.Canceled);
  });

  it("closing it twice changes nothing of its outcome", async () => {
    const stream = await start(counting);
    await stream.recv();
    stream.close();
    stream.close();
    const { attempts, sent, received, endedBy } = await stream.outcome;
    expect({ attempts, sent: sent.messages, endedBy }).toEqual({
      attempts: 1,
      sent: 1,
      endedBy: "client",
    });
    expect(received.messages).toBeGreaterThan(0);
  });

  it("leaving the loop closes the call, and says so in the outcome", async () => {
    const stream = await start(counting);
    expect(await numbers(stream, 3)).toEqual(upTo(3));
    expect(await stream.outcome).toMatchObject({ code: Code.Canceled, endedBy: "client" });
  });

  it.each([
    [{ maxAttempts: 1 }, "resumable.maxAttempts"],
    [{ initialBackoffMs: -1 }, "resumable.initialBackoffMs"],
    [{ resumableCodes: [] }, "resumable.resumableCodes"],
  ])("refuses %j at once", async (options, message) => {
    const refusal = { name: "RangeError", message: expect.stringContaining(message) };
    await expect(start(counting, options)).rejects.toMatchObject(refusal);
  });
});
