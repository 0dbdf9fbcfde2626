// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, it } from "vitest";
import { describeEach } from "../support/clients/kinds.js";
import { all } from "../support/clients/test-client.js";
import { pair } from "../support/fixture.js";
import { failure, observed } from "../support/gate.js";
import type { Note } from "../support/gen/lab/v1/lab_pb.js";
import type {
  ChatServerStream,
  DownloadServerStream,
  UploadServerStream,
} from "../support/gen/lab/v1/lab_stream.js";
import { bulk } from "../support/note.js";
import type { Wire } from "../support/wires.js";

const SOON_MS = 50;
/** Long enough for a call to get through to its handler on a busy machine. */
const CLIENT_SOON_MS = 500;
/** The server's timer alone: a client's own may run out first. */
const soonOnServer = (protocol: Wire["protocol"]) => ({
  headers: (protocol === "connect"
    ? { "connect-timeout-ms": `${SOON_MS}` }
    : { "grpc-timeout": `${SOON_MS}m` }) as Record<string, string>,
});
const MONTH_MS = 30 * 24 * 3600 * 1000;

describeEach(({ wire, client: kind }) => {
  const combination = { wire, client: kind };
  const soon = soonOnServer(wire.protocol);

  it("a deadline ends an upload for both sides", async () => {
    const { handler, ended } = observed(async (stream: UploadServerStream) => {
      expect((await failure(stream.recv())).code).toBe(Code.DeadlineExceeded);
      expect((await failure(stream.sendAndClose({}))).code).toBe(Code.DeadlineExceeded);
      expectDeadline(stream.context.signal);
    });
    await using p = await pair(combination, { upload: handler });
    const call = p.client.upload(soon);
    const response = kind.generated ? undefined : failure(call.recv());
    expect(await ended).toBeUndefined();
    expect((await (response ?? failure(call.recv()))).code).toBe(Code.DeadlineExceeded);
    await p.lab.idle();
  });

  it("a deadline wakes a handler that is blocked in send", async () => {
    let started = false;
    const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
      started = true;
      for (let i = 0; ; i++) await stream.send(bulk(64 * 1024, i));
    });
    await using p = await pair(combination, { download: handler });
    const call = p.client.download({}, soon);
    // On a busy machine, it may pass before the request is there, and its handler is called.
    const early = await call.recv().then(() => undefined, ConnectError.from);
    if (started) expect(ConnectError.from(await ended).code).toBe(Code.DeadlineExceeded);
    expect((early ?? (await failure(all(call)))).code).toBe(Code.DeadlineExceeded);
    await p.lab.idle();
  });

  it("a deadline ends a download whose handler never looks", async () => {
    const signals: AbortSignal[] = [];
    await using p = await pair(combination, {
      download(_request, stream) {
        signals.push(stream.context.signal);
        return new Promise(() => undefined);
      },
    });
    const call = p.client.download({}, soon);
    expect((await failure(call.recv())).code).toBe(Code.DeadlineExceeded);
    await p.lab.idle();
    for (const signal of signals) expectDeadline(signal);
  });

  it("a deadline ends a unary call whose handler never looks", async () => {
    const signals: AbortSignal[] = [];
    await using p = await pair(combination, {
      unary(_request, context) {
        signals.push(context.signal);
        return new Promise(() => undefined);
      },
    });
    const error = await failure(p.client.unary({}, soon));
    expect(error.code).toBe(Code.DeadlineExceeded);
    await p.lab.idle();
    for (const signal of signals) expect(signal.aborted).toBe(true);
  });

  it("a client's own timer ends the call for both sides", async () => {
    let started = false;
    const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
      started = true;
      const { signal } = stream.context;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      const { code } = await failure(stream.send({}));
      expect([Code.DeadlineExceeded, Code.Canceled]).toContain(code);
    });
    await using p = await pair(combination, {
      download: handler,
      unary: () => new Promise(() => undefined),
    });
    const timeout = { timeoutMs: CLIENT_SOON_MS };
    const calls = [p.client.download({}, timeout).recv(), p.client.unary({}, timeout)];
    const errors = await Promise.all(calls.map(failure));
    expect(errors.map(({ code }) => code)).toEqual([Code.DeadlineExceeded, Code.DeadlineExceeded]);
    await p.lab.idle();
    if (started) expect(await ended).toBeUndefined();
  });

  it("handlers know how much time there is", async () => {
    const times: (number | undefined)[] = [];
    await using p = await pair(combination, {
      async download(_request, { context }) {
        times.push(context.timeoutMs());
      },
    });
    await all(p.client.download({}, { timeoutMs: 1_000_000 }));
    await all(p.client.download({}));
    expect(times[0]).toBeGreaterThan(0);
    expect(times[0]).toBeLessThanOrEqual(1_000_001);
    expect(times[1]).toBeUndefined();
  });

  // Node's timers would overflow, and fire at once. Connect's client and grpc-js have their own.
  if (!kind.foreign)
    it("a deadline in a month does not end a call today", async () => {
      await using p = await pair(combination, {
        unary: async () => ({ text: "in time" }),
        async download(_request, stream) {
          await new Promise((resolve) => setTimeout(resolve, 20));
          await stream.send({ text: "in time" });
        },
      });
      const download = p.client.download({}, { timeoutMs: MONTH_MS });
      expect((await all(download)).map(({ text }) => text)).toEqual(["in time"]);
      expect((await p.client.unary({}, { timeoutMs: MONTH_MS })).text).toBe("in time");
    });

  if (wire.http !== "2") return;

  it("a deadline ends a chat for both sides", async () => {
    const { handler, ended } = observed(async (stream: ChatServerStream) => {
      await stream.recv();
      expect((await failure(stream.recv())).code).toBe(Code.DeadlineExceeded);
      expect((await failure(stream.send({}))).code).toBe(Code.DeadlineExceeded);
      expectDeadline(stream.context.signal);
    });
    await using p = await pair(combination, { chat: handler });
    const call = p.client.chat(soon);
    const pending = failure(call.recv());
    await call.send({});
    expect((await pending).code).toBe(Code.DeadlineExceeded);
    expect(await ended).toBeUndefined();
    if (kind.generated) {
      expect((await failure(call.send({}))).code).toBe(Code.DeadlineExceeded);
    }
    await p.lab.idle();
  });
});

function expectDeadline(signal: AbortSignal): void {
  expect(signal.aborted).toBe(true);
  expect(ConnectError.from(signal.reason).code).toBe(Code.DeadlineExceeded);
}
