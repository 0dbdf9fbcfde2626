// SPDX-License-Identifier: Apache-2.0
import { Code, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { StreamTimeouts } from "connect-stream";
import { describe, expect, it } from "vitest";
import { connectNodeTransport, ourTransport } from "../support/clients/transports.js";
import { failure, gate, observed } from "../support/gate.js";
import type { Note } from "../support/gen/lab/v1/lab_pb.js";
import {
  type ChatServerStream,
  createLabServiceClient,
  type DownloadServerStream,
  type LabServiceHandler,
  type UploadServerStream,
} from "../support/gen/lab/v1/lab_stream.js";
import { type LabOptions, startLab } from "../support/lab.js";
import { bulk } from "../support/note.js";
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
    name: "behind an interceptor",
    wire: grpcOn2,
    options: { adapter: { interceptors: [passing] } },
    transport: ourTransport,
  },
  {
    name: "Connect's adapter and transport",
    wire: connectOn2,
    options: { listener: connectNodeAdapter },
    transport: connectNodeTransport,
  },
];

/** Sends large messages until it cannot. */
async function flood(stream: { send(message: Note): Promise<void> }): Promise<void> {
  const message = bulk(1024 * 1024);
  for (;;) await stream.send(message);
}

/** Lasts until the call is over. */
function untilAborted({ signal }: { signal: AbortSignal }): Promise<void> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

/** As callers have it that pass options on: there, and not set. */
const unset: object = { timeoutMs: undefined };

describe.each(settings)("$name", ({ wire, options, transport }) => {
  const serve = (handler: Partial<LabServiceHandler>, timeouts: StreamTimeouts = {}) =>
    startLab(handler, { ...options, http: wire.http, service: { timeouts } });
  const dial = (url: string, timeouts: StreamTimeouts = {}) =>
    createLabServiceClient(transport(url, wire), { timeouts });

  it("a client that sends nothing has its call ended", async () => {
    const { handler, ended } = observed(async (stream: UploadServerStream) => {
      await stream.recv();
    });
    await using lab = await serve({ upload: handler }, { firstMessageMs: 30 });
    const call = dial(lab.url).upload();
    expect(await call.outcome).toMatchObject({ code: Code.DeadlineExceeded, endedBy: "server" });
    expect(await ended).toMatchObject({ code: Code.DeadlineExceeded });
    await lab.idle();
  });

  it("a server that sends nothing has its call ended", async () => {
    const { handler, ended } = observed((_: Note, { context }: DownloadServerStream) =>
      untilAborted(context),
    );
    await using lab = await serve({ download: handler });
    const call = dial(lab.url, { firstMessageMs: 300 }).download({});
    const error = await failure(call.recv());
    expect(error.code).toBe(Code.DeadlineExceeded);
    expect(error.rawMessage).toContain("first message within 300 ms");
    expect(await call.outcome).toMatchObject({ endedBy: "deadline" });
    expect(await ended).toMatchObject({ code: Code.Canceled });
    await lab.idle();
  });

  it("a first message that nobody reads has come all the same", async () => {
    await using lab = await serve({
      async download(_request, stream) {
        await stream.send({ text: "first" });
        await untilAborted(stream.context);
      },
    });
    const call = dial(lab.url, { firstMessageMs: 300, maxAgeMs: 400 }).download({});
    expect((await call.outcome).code).toBe(Code.Unavailable);
    await lab.idle();
  });

  it("a stream that falls silent is ended, by either side", async () => {
    const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
      await stream.send({ text: "only" });
      await untilAborted(stream.context);
    });
    await using strict = await serve({ download: handler }, { idleMs: 40 });
    const call = dial(strict.url).download({});
    expect((await call.recv())?.text).toBe("only");
    const error = await failure(call.recv());
    expect(error.code).toBe(Code.DeadlineExceeded);
    expect(error.rawMessage).toContain("40 ms");
    expect(await ended).toMatchObject({ code: Code.DeadlineExceeded });

    await using patient = await serve({ download: handler });
    const impatient = dial(patient.url, { idleMs: 300 }).download({});
    expect((await impatient.recv())?.text).toBe("only");
    expect((await failure(impatient.recv())).code).toBe(Code.DeadlineExceeded);
    expect((await impatient.outcome).endedBy).toBe("deadline");
    await Promise.all([strict.idle(), patient.idle()]);
  });

  it("messages keep a stream open for longer than it may be idle", async () => {
    await using lab = await serve(
      {
        async download(_request, stream) {
          const end = performance.now() + 600;
          while (performance.now() < end) {
            await stream.send({});
            await new Promise((resolve) => setImmediate(resolve));
          }
        },
      },
      { idleMs: 300 },
    );
    const call = dial(lab.url, { idleMs: 300 }).download({});
    for await (const _ of call);
    expect((await call.outcome).code).toBeUndefined();
  });

  it("a recv that takes too long rejects, and the stream goes on", async () => {
    const late = gate();
    await using lab = await serve({
      async download(_request, stream) {
        await late.promise;
        await stream.send({ text: "late" });
      },
    });
    const call = dial(lab.url, { recvMs: 20 }).download({});
    expect((await failure(call.recv())).code).toBe(Code.DeadlineExceeded);
    expect((await failure(call.recv(unset))).code).toBe(Code.DeadlineExceeded);
    await expect(call[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: Code.DeadlineExceeded,
    });
    late.resolve();
    expect((await call.recv({ timeoutMs: 10_000 }))?.text).toBe("late");
  });

  it("a handler's recv that takes too long rejects, and the stream goes on", async () => {
    const missed = gate();
    const { handler, ended } = observed(async (stream: UploadServerStream) => {
      expect((await failure(stream.recv())).code).toBe(Code.DeadlineExceeded);
      expect((await failure(stream.recv(unset))).code).toBe(Code.DeadlineExceeded);
      missed.resolve();
      const text = (await stream.recv({ timeoutMs: 10_000 }))?.text ?? "nothing";
      await stream.sendAndClose({ text });
    });
    await using lab = await serve({ upload: handler }, { recvMs: 20 });
    const call = dial(lab.url).upload();
    await missed.promise;
    await call.send({ text: "late" });
    expect((await call.closeAndRecv()).text).toBe("late");
    expect(await ended).toBeUndefined();
  });

  it("a client that does not read has its call ended", async () => {
    const { handler, ended } = observed((_: Note, stream: DownloadServerStream) => flood(stream));
    await using lab = await serve({ download: handler }, { sendMs: 50 });
    const call = dial(lab.url).download({});
    const error = await ended;
    expect(error).toMatchObject({ code: Code.DeadlineExceeded });
    expect(String(error)).toContain("50 ms");
    call.close();
    await lab.idle();
  });

  it("a server that does not read has its call ended", async () => {
    const { handler, ended } = observed((stream: UploadServerStream) =>
      untilAborted(stream.context),
    );
    await using lab = await serve({ upload: handler });
    const call = dial(lab.url, { sendMs: 300 }).upload();
    expect((await failure(flood(call))).code).toBe(Code.DeadlineExceeded);
    expect(await call.outcome).toMatchObject({
      code: Code.DeadlineExceeded,
      endedBy: "deadline",
    });
    // Over HTTP/1.1 a handler that holds its peer back does not hear that it is gone.
    if (wire.http === "1.1") return;
    expect(await ended).toMatchObject({ code: Code.Canceled });
    await lab.idle();
  });

  it("a stream that is old enough ends, and its client may come again", async () => {
    let signal: AbortSignal | undefined;
    const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
      signal = stream.context.signal;
      await stream.send({ text: "young" });
      await untilAborted(stream.context);
    });
    await using lab = await serve({ download: handler }, { maxAgeMs: 50 });
    const call = dial(lab.url).download({});
    expect((await call.recv())?.text).toBe("young");
    const error = await failure(call.recv());
    expect(error.code).toBe(Code.Unavailable);
    expect(error.rawMessage).toContain("maximum age of 50 ms: reconnect");
    expect(await ended).toMatchObject({ code: Code.Unavailable });
    expect(signal?.aborted).toBe(true);
    await lab.idle();
  });
});

describe("on both sides", () => {
  it("a bidirectional stream has all limits, and those of a call go first", async () => {
    const { handler, ended } = observed(async (stream: ChatServerStream) => {
      for await (const message of stream) await stream.send(message);
    });
    const timeouts = { firstMessageMs: 60_000, idleMs: 60_000, sendMs: 60_000, maxAgeMs: 60_000 };
    await using lab = await startLab({ chat: handler }, { service: { timeouts } });
    const client = createLabServiceClient(ourTransport(lab.url, grpcOn2), {
      timeouts: { ...timeouts, recvMs: 60_000 },
    });
    const call = client.chat({ timeouts: { idleMs: 300 } });
    await call.send({ text: "echo" });
    expect((await call.recv())?.text).toBe("echo");
    expect((await failure(call.recv())).rawMessage).toContain("no message for 300 ms");
    expect(await ended).toMatchObject({ code: Code.Canceled });
    const done = client.chat();
    await done.closeSend();
    expect(await done.recv()).toBeUndefined();
    expect((await done.outcome).code).toBeUndefined();
    await lab.idle();
  });

  it.each([
    [{ idleMs: 0 }, "timeouts.idleMs must be a whole number from 1 to 2147483647, not 0"],
    [{ sendMs: 1.5 }, "timeouts.sendMs must be a whole number"],
    [{ maxAgeMs: Number.POSITIVE_INFINITY }, "timeouts.maxAgeMs must be a whole number"],
    [{ readMs: 1 } as StreamTimeouts, "timeouts.readMs does not exist: use firstMessageMs"],
  ])("%o is refused where it is set", async (timeouts, message) => {
    const transport = ourTransport("http://127.0.0.1:1", grpcOn2);
    expect(() => createLabServiceClient(transport, { timeouts })).toThrow(RangeError);
    expect(() => createLabServiceClient(transport, { timeouts })).toThrow(message);
    expect(() => createLabServiceClient(transport).chat({ timeouts })).toThrow(message);
    await expect(startLab({}, { service: { timeouts } })).rejects.toThrow(message);
  });
});
