// SPDX-License-Identifier: Apache-2.0
import { create, isMessage } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { heartbeatOf } from "../../runtime/src/protocol/heartbeat.js";
import type { Call } from "../../runtime/src/server/call.js";
import type { RunHandler, ServerCall } from "../../runtime/src/server/server-call.js";
import { FakeCarrier, startCall } from "../support/fake-carrier.js";
import { type Gate, gate } from "../support/gate.js";
import { EventSchema, HeartbeatService, TickSchema } from "../support/gen/lab/v1/policy_pb.js";
import { pass, useVirtualTime } from "../support/virtual-time.js";

const { watch, talk } = HeartbeatService.method;

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("expected a heartbeat");
  return value;
}

const flag = required(heartbeatOf(watch, { field: "heartbeat", intervalMs: 1000 }));
const choice = required(heartbeatOf(talk, { field: "stillHere", intervalMs: 1000 }));

/** Runs `handler` on a call with a heartbeat each second. */
function start(carrier: FakeCarrier, handler: RunHandler, heartbeat = flag): Call {
  return startCall(carrier, handler, { heartbeat });
}

const beat = create(TickSchema, { heartbeat: true });

describe("a server", () => {
  let side: FakeCarrier;
  let done: Gate<void>;
  useVirtualTime();
  beforeEach(() => {
    side = new FakeCarrier();
    done = gate();
  });
  afterEach(() => done.resolve());

  it("sends a heartbeat each time that it has sent nothing for so long", async () => {
    start(side, () => done.promise);
    await pass(999);
    expect(side.messages).toEqual([]);
    await pass(1);
    expect(side.messages).toEqual([beat]);
    await pass(999);
    expect(side.messages).toEqual([beat]);
    await pass(1);
    expect(side.messages).toEqual([beat, beat]);
  });

  it("counts from the last message", async () => {
    const again = gate();
    const message = create(TickSchema, { text: "a" });
    start(side, async (inner) => {
      await again.promise;
      await inner.send(message);
      await done.promise;
    });
    await pass(600);
    again.resolve();
    await pass(0);
    await pass(999);
    expect(side.messages).toEqual([message]);
    await pass(1);
    expect(side.messages).toEqual([message, beat]);
  });

  it("sends none while something waits, and goes on after it", async () => {
    start(side, () => done.promise);
    side.unsent = 1;
    await pass(10_000);
    expect(side.messages).toEqual([]);
    side.unsent = 0;
    await pass(1000);
    expect(side.messages).toEqual([beat]);
  });

  it("sends none before the one request is there", async () => {
    side.taken = 0;
    start(side, () => done.promise);
    await pass(5000);
    expect(side.messages).toEqual([]);
    side.taken = 1;
    await pass(1000);
    expect(side.messages).toEqual([beat]);
  });

  it("does not wait for a first message where the client may send nothing", async () => {
    side.taken = 0;
    start(side, () => done.promise, choice);
    await pass(1000);
    expect(side.messages).toEqual([choice.create()]);
  });

  it("sends none when its handler has returned or thrown", async () => {
    start(side, async () => undefined);
    start(side, () => Promise.reject(new ConnectError("no", Code.Aborted)));
    await pass(0);
    expect(vi.getTimerCount()).toBe(0);
    await pass(5000);
    expect(side.messages).toEqual([]);
  });

  it("sends none when the call is over, though its handler is not", async () => {
    start(side, () => done.promise).clientLeft(new ConnectError("gone", Code.Canceled), "client");
    await pass(1000);
    expect(side.messages).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("survives a heartbeat that cannot be sent, and a message that cannot", async () => {
    side.refusal = new ConnectError("gone", Code.Canceled);
    const failed: unknown[] = [];
    start(side, async (call) => {
      await done.promise;
      await call.send({}).catch((error: unknown) => failed.push(error));
    });
    await pass(2000);
    done.resolve();
    await pass(0);
    expect(failed).toEqual([side.refusal]);
  });

  it("counts none of them as progress", async () => {
    let running: ServerCall | undefined;
    const call = start(side, (its) => {
      running = its;
      return done.promise;
    });
    await pass(3000);
    expect([side.messages.length, call.progress().sent]).toEqual([3, 0]);
    await running?.send({});
    expect(call.progress()).toEqual({ sent: 1, received: 1, taken: 1, waiting: undefined });
  });
});

describe("a message", () => {
  it("is a heartbeat if its field is set", () => {
    expect(flag.is(create(TickSchema, { heartbeat: true, text: "and more" }))).toBe(true);
    expect(flag.is(create(TickSchema, { text: "a" }))).toBe(false);
    const kind = { case: "stillHere" as const, value: create(EmptySchema) };
    expect(choice.is(create(EventSchema, { kind }))).toBe(true);
    expect(choice.is(create(EventSchema, { kind: { case: "text", value: "" } }))).toBe(false);
    expect(choice.is(create(EventSchema))).toBe(false);
  });

  it("is made with nothing else set", () => {
    expect(flag.create()).toEqual(create(TickSchema, { heartbeat: true }));
    const made = choice.create();
    expect(isMessage(made, EventSchema) && made.kind.case).toBe("stillHere");
    expect(isMessage(made, EventSchema) && isMessage(made.kind.value, EmptySchema)).toBe(true);
  });

  it("of another schema is an error", () => {
    const spec = { field: "gone", intervalMs: 1 };
    expect(() => heartbeatOf(watch, spec)).toThrow(/Tick has no field gone .* the same schema/);
    expect(() => heartbeatOf(watch, { ...spec, field: "toString" })).toThrow(TypeError);
  });
});
