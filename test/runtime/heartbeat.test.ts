// SPDX-License-Identifier: Apache-2.0
import { create, isMessage } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import {
  Code,
  ConnectError,
  createContextValues,
  createHandlerContext,
  type HandlerContext,
} from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { heartbeatOf } from "../../runtime/src/protocol/heartbeat.js";
import { beating } from "../../runtime/src/server/beating.js";
import type { RunHandler, ServerCall } from "../../runtime/src/server/server-call.js";
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

/** A call whose other end is the test. */
class Side implements ServerCall {
  readonly controller = new AbortController();
  readonly context: HandlerContext = createHandlerContext({
    service: HeartbeatService,
    method: watch,
    protocolName: "",
    requestMethod: "POST",
    url: "http://localhost",
    requestSignal: this.controller.signal,
    requestHeader: {},
    contextValues: createContextValues(),
  });
  readonly sent: object[] = [];
  room = true;
  taken = 1;
  refusal: ConnectError | undefined;

  async recv(): Promise<undefined> {}

  async send(message: object): Promise<void> {
    if (this.refusal) throw this.refusal;
    this.sent.push(message);
  }

  sendHeaders(): void {}

  writable(): boolean {
    return this.room;
  }

  progress() {
    return { sent: this.sent.length, received: 1, taken: this.taken, waiting: undefined };
  }

  queued() {
    const nothing = { messages: 0, bytes: 0, dropped: 0 };
    return { send: nothing, receive: nothing };
  }

  abort(): void {}

  refuse(): void {}
}

/** Runs `handler` on `side` with a heartbeat each second. */
function start(side: Side, handler: RunHandler, heartbeat = flag): Promise<void> {
  return beating(handler, heartbeat)(side);
}

const beat = create(TickSchema, { heartbeat: true });

describe("a server", () => {
  let side: Side;
  let done: Gate<void>;
  useVirtualTime();
  beforeEach(() => {
    side = new Side();
    done = gate();
  });
  afterEach(() => done.resolve());

  it("sends a heartbeat each time that it has sent nothing for so long", async () => {
    void start(side, () => done.promise);
    await pass(999);
    expect(side.sent).toEqual([]);
    await pass(1);
    expect(side.sent).toEqual([beat]);
    await pass(999);
    expect(side.sent).toEqual([beat]);
    await pass(1);
    expect(side.sent).toEqual([beat, beat]);
  });

  it("counts from the last message", async () => {
    const again = gate();
    const message = create(TickSchema, { text: "a" });
    void start(side, async (inner) => {
      await again.promise;
      await inner.send(message);
      await done.promise;
    });
    await pass(600);
    again.resolve();
    await pass(0);
    await pass(999);
    expect(side.sent).toEqual([message]);
    await pass(1);
    expect(side.sent).toEqual([message, beat]);
  });

  it("sends none while something waits, and goes on after it", async () => {
    void start(side, () => done.promise);
    side.room = false;
    await pass(10_000);
    expect(side.sent).toEqual([]);
    side.room = true;
    await pass(1000);
    expect(side.sent).toEqual([beat]);
  });

  it("sends none before the one request is there", async () => {
    side.taken = 0;
    void start(side, () => done.promise);
    await pass(5000);
    expect(side.sent).toEqual([]);
    side.taken = 1;
    await pass(1000);
    expect(side.sent).toEqual([beat]);
  });

  it("does not wait for a first message where the client may send nothing", async () => {
    side.taken = 0;
    void start(side, () => done.promise, choice);
    await pass(1000);
    expect(side.sent).toEqual([choice.create()]);
  });

  it("sends none when its handler has returned or thrown", async () => {
    await start(side, async () => undefined);
    const error = new ConnectError("no", Code.Aborted);
    await expect(start(side, () => Promise.reject(error))).rejects.toBe(error);
    expect(vi.getTimerCount()).toBe(0);
    await pass(5000);
    expect(side.sent).toEqual([]);
  });

  it("sends none when the call is over, though its handler is not", async () => {
    void start(side, () => done.promise);
    side.controller.abort();
    await pass(1000);
    expect(side.sent).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("survives a heartbeat that cannot be sent, and a message that cannot", async () => {
    side.refusal = new ConnectError("gone", Code.Canceled);
    const ended = start(side, async (inner) => {
      await done.promise;
      await inner.send({});
    });
    await pass(2000);
    done.resolve();
    await expect(ended).rejects.toBe(side.refusal);
  });

  it("counts none of them as progress", async () => {
    let inner: ServerCall = side;
    void start(side, (its) => {
      inner = its;
      return done.promise;
    });
    await pass(3000);
    expect([side.progress().sent, inner.progress().sent]).toEqual([3, 0]);
    await inner.send({});
    expect(inner.progress()).toEqual({ sent: 1, received: 1, taken: 1, waiting: undefined });
  });

  it("without a heartbeat is the same as before", () => {
    const handler: RunHandler = () => done.promise;
    expect(beating(handler, undefined)).toBe(handler);
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
