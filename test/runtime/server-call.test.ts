// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { StreamOutcome } from "connect-stream";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Call } from "../../runtime/src/server/call.js";
import { FakeCarrier, startCall } from "../support/fake-carrier.js";
import { failure, gate, turn } from "../support/gate.js";
import { pass, useVirtualTime } from "../support/virtual-time.js";

const gone = new ConnectError("gone", Code.Canceled);

describe("a call whose handler has returned, and whose response has not left", () => {
  let carrier: FakeCarrier;
  let told: (StreamOutcome | "header")[];
  const observer = {
    open: () => ({
      onHeader: () => void told.push("header"),
      onEnd: (outcome: StreamOutcome) => void told.push(outcome),
    }),
  };
  useVirtualTime();
  beforeEach(() => {
    carrier = new FakeCarrier();
    told = [];
  });

  async function flushing(
    layers: Parameters<typeof startCall>[2] = {},
    deadlineMs?: number,
  ): Promise<Call> {
    const call = startCall(carrier, (running) => running.send({}), layers, observer, deadlineMs);
    carrier.unsent = 1000;
    await turn();
    expect(carrier.events).toEqual(["headers", "end ok"]);
    expect(told).toEqual(["header"]);
    return call;
  }

  it("succeeds when its last byte has left, once", async () => {
    const call = await flushing();
    call.finished();
    call.finished();
    call.clientLeft(gone, "client");
    expect(carrier.events).toEqual(["headers", "end ok", "close"]);
    expect(told).toEqual([
      "header",
      expect.objectContaining({ code: undefined, endedBy: "server" }),
    ]);
    expect(call.context.signal.aborted).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is cancelled by a client that leaves", async () => {
    const call = await flushing();
    call.clientLeft(gone, "client");
    expect(told[1]).toMatchObject({ code: Code.Canceled, endedBy: "client" });
    expect(call.context.signal.reason).toBe(gone);
  });

  it.each([
    ["its deadline", {}, 100, Code.DeadlineExceeded],
    ["sendMs", { timeouts: { sendMs: 80 } }, undefined, Code.DeadlineExceeded],
    ["idleMs", { timeouts: { idleMs: 80 } }, undefined, Code.DeadlineExceeded],
    ["maxAgeMs", { timeouts: { maxAgeMs: 100 } }, undefined, Code.Unavailable],
  ])("is cut at %s", async (_, layers, deadlineMs, code) => {
    const call = await flushing(layers, deadlineMs);
    for (let i = 0; i < 10; i++) await pass(10);
    expect(carrier.events).toEqual(["headers", "end ok", `reset ${code}`, "close"]);
    expect(told[1]).toMatchObject({ code, endedBy: "deadline" });
    expect(call.context.signal.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("tells of its deadline, and not of the error that has not left", async () => {
    const failing = async () => {
      throw new ConnectError("late", Code.NotFound);
    };
    startCall(carrier, failing, {}, observer, 100);
    carrier.unsent = 1000;
    for (let i = 0; i < 10; i++) await pass(10);
    expect(told[1]).toMatchObject({ code: Code.DeadlineExceeded, endedBy: "deadline" });
  });

  it("is not cut at sendMs while it leaves, however slowly", async () => {
    await flushing({ timeouts: { sendMs: 80 } });
    for (let i = 0; i < 50; i++) {
      carrier.unsent--;
      await pass(10);
    }
    expect(carrier.events).toEqual(["headers", "end ok"]);
  });

  it("is cut at a forced shutdown", async () => {
    const call = await flushing();
    call.abort(new ConnectError("shutdown", Code.Unavailable));
    expect(carrier.events).toEqual(["headers", "end ok", `reset ${Code.Unavailable}`, "close"]);
  });
});

describe("a call whose handler runs", () => {
  it("tells no headers once it has ended", async () => {
    const carrier = new FakeCarrier();
    const told: string[] = [];
    const released = gate();
    const observer = {
      open: () => ({
        onHeader: () => void told.push("header"),
        onEnd: () => void told.push("end"),
      }),
    };
    const run = async (running: Pick<Call, "send" | "sendHeaders">) => {
      await released.promise;
      running.sendHeaders();
      await failure(running.send({}));
    };
    const call = startCall(carrier, run, {}, observer);
    call.clientLeft(gone, "client");
    released.resolve();
    await turn();
    expect(told).toEqual(["end"]);
    expect(carrier.events).toEqual(["close"]);
  });

  it("waits for a message that is being made ready, and may be cancelled meanwhile", async () => {
    const carrier = new FakeCarrier();
    const compressed = gate<object>();
    carrier.sink.encode = () => compressed.promise as never;
    const call = startCall(
      carrier,
      async (running) => void running.send({}).catch(() => undefined),
    );
    await turn();
    expect(carrier.events).toEqual(["headers"]);
    call.clientLeft(gone, "client");
    compressed.resolve({});
    await turn();
    expect(carrier.events).toEqual(["headers", "close"]);
    expect(carrier.messages).toEqual([]);
  });
});
