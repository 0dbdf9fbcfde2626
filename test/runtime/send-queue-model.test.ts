// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { QueueBounds } from "connect-stream";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Bounds } from "../../runtime/src/call/bounds.js";
import { Sender } from "../../runtime/src/call/sender.js";
import { type Gate, gate, turn } from "../support/gate.js";

const over = new ConnectError("over", Code.Canceled);

type Action =
  | { readonly do: "send"; readonly bytes: number; readonly slow: boolean }
  | { readonly do: "ready" | "break" | "abort"; readonly at: number }
  | { readonly do: "drain"; readonly room: number }
  | { readonly do: "finish" | "flush" | "close" };

interface Message {
  readonly id: number;
  readonly bytes: number;
  ready: boolean;
  placed: boolean;
}

/** What may be in compression after its `send` has resolved, where there are no bounds. */
const compressing: QueueBounds = { maxMessages: 8 };

/** A queue that is as simple as can be. */
class Reference {
  readonly written: number[] = [];
  readonly ends: string[] = [];
  dropped = 0;
  done = false;
  #queue: Message[] = [];
  #open = false;
  #room = 0;
  #ending = false;
  #forced = false;
  #closed = false;

  constructor(readonly bounds: QueueBounds | undefined) {}

  get fill() {
    const bytes = sum(this.#queue.map((message) => message.bytes));
    return { messages: this.#queue.length, bytes, dropped: this.dropped };
  }

  send(bytes: number, slow: boolean): void {
    const message: Message = { id: this.ends.length, bytes, ready: !slow, placed: false };
    this.ends.push("waits");
    if (this.#closed) this.#end(message, "over");
    else if (this.#open && this.#queue.length === 0 && !slow) this.#write(message);
    else if (!this.#makeRoom(bytes)) this.#end(message, "full");
    else this.#queue.push(message);
    this.#settle();
    this.#pump();
  }

  ready(id: number, broken: boolean): void {
    const message = this.#queue.find((one) => one.id === id);
    if (!message || message.ready) return;
    if (broken) this.#remove(message, "broken");
    else message.ready = true;
    this.#settle();
    this.#pump();
  }

  abort(id: number): void {
    const message = this.#queue.find((one) => one.id === id);
    if (!message || this.ends[id] !== "waits") return;
    this.#remove(message, "aborted");
    this.#settle();
    this.#pump();
  }

  drain(room: number): void {
    this.#open = true;
    this.#room = room;
    this.#pump();
  }

  finish(forced: boolean): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ending = true;
    this.#forced = forced;
    this.#pump();
  }

  close(): void {
    this.#closed = true;
    this.#ending = false;
    for (const message of this.#queue.splice(0)) this.#end(message, "over");
  }

  get #places(): QueueBounds | undefined {
    return this.bounds ?? (this.#open ? compressing : undefined);
  }

  #fits(bytes: number): boolean {
    const { maxMessages = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } =
      this.#places ?? {};
    const held = this.#queue.filter((message) => message.placed).map((message) => message.bytes);
    return held.length === 0 || (held.length < maxMessages && sum(held) + bytes <= maxBytes);
  }

  #makeRoom(bytes: number): boolean {
    if (this.bounds?.whenFull === "fail") return this.#fits(bytes);
    while (this.bounds?.whenFull === "drop-oldest" && !this.#fits(bytes)) {
      const oldest = this.#queue.shift();
      if (oldest) this.#end(oldest, "sent");
      this.dropped++;
    }
    return true;
  }

  #settle(): void {
    if (!this.#places) return;
    for (const message of this.#queue) {
      if (!message.placed && !this.#fits(message.bytes)) return;
      message.placed = true;
      this.#end(message, "sent");
    }
  }

  #pump(): void {
    while (this.#queue[0]?.ready && (this.#open || this.#forced)) {
      const message = this.#queue.shift();
      if (message) this.#write(message);
    }
    this.#settle();
    if (this.#ending && this.#queue.length === 0) this.done = true;
  }

  #write(message: Message): void {
    this.written.push(message.id);
    this.#open = --this.#room > 0;
    this.#end(message, "sent");
  }

  #remove(message: Message, end: string): void {
    this.#queue.splice(this.#queue.indexOf(message), 1);
    this.#end(message, end);
  }

  #end({ id }: Message, end: string): void {
    if (this.ends[id] === "waits") this.ends[id] = end;
  }
}

/** The real thing, with what the reference tells of itself. */
class Real {
  readonly written: number[] = [];
  readonly ends: string[] = [];
  done = false;
  readonly #encoding = new Map<number, Gate<boolean>>();
  readonly #controllers: AbortController[] = [];
  readonly #outbound: Sender<{ id: number; bytes: number; slow: boolean }, number>;
  #room = 0;

  constructor(bounds: QueueBounds | undefined) {
    const sink = {
      size: 0,
      encode: ({ id, bytes, slow }: { id: number; bytes: number; slow: boolean }) => {
        sink.size = bytes;
        return slow ? this.#encode(id) : id;
      },
      write: (id: number) => {
        this.written.push(id);
        return --this.#room > 0;
      },
    };
    this.#outbound = new Sender(sink, false, { bounds: bounds && new Bounds("send", bounds) });
  }

  get fill() {
    return this.#outbound.fill;
  }

  send(bytes: number, slow: boolean): void {
    const id = this.ends.length;
    const controller = new AbortController();
    this.#controllers.push(controller);
    this.ends.push("waits");
    this.#outbound.send({ id, bytes, slow }, { signal: controller.signal }).then(
      () => {
        this.ends[id] = "sent";
      },
      (error: ConnectError) => {
        this.ends[id] = error.code === Code.ResourceExhausted ? "full" : error.rawMessage;
      },
    );
  }

  ready(id: number, broken: boolean): void {
    this.#encoding.get(id)?.resolve(!broken);
  }

  abort(id: number): void {
    this.#controllers[id]?.abort(new ConnectError("aborted", Code.Canceled));
  }

  drain(room: number): void {
    this.#room = room;
    this.#outbound.drained();
  }

  finish(forced: boolean): void {
    this.#outbound[forced ? "flush" : "finish"](over, () => {
      this.done = true;
    });
  }

  close(): void {
    this.#outbound.close(over);
  }

  async #encode(id: number): Promise<number> {
    const encoding = gate<boolean>();
    this.#encoding.set(id, encoding);
    if (await encoding.promise) return id;
    throw new ConnectError("broken");
  }
}

function act(target: Reference | Real, action: Action): void {
  switch (action.do) {
    case "send":
      return target.send(action.bytes, action.slow);
    case "ready":
    case "break":
      return target.ready(action.at, action.do === "break");
    case "abort":
      return target.abort(action.at);
    case "drain":
      return target.drain(action.room);
    case "close":
      return target.close();
    default:
      return target.finish(action.do === "flush");
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

const at = fc.nat({ max: 12 });
const actions: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      bytes: fc.integer({ min: 1, max: 9 }),
      slow: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("ready" as const), at }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("drain" as const),
      room: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("break", "abort"), at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("finish", "flush", "close") }) },
);

const someBounds: fc.Arbitrary<QueueBounds | undefined> = fc.option(
  fc.record({
    maxMessages: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    maxBytes: fc.integer({ min: 1, max: 20 }),
    whenFull: fc.constantFrom("wait" as const, "fail" as const, "drop-oldest" as const),
  }),
  { nil: undefined },
);

it("does what the simplest queue does, whatever happens to it", async () => {
  await fc.assert(
    fc.asyncProperty(someBounds, fc.array(actions, { maxLength: 40 }), async (bounds, script) => {
      const reference = new Reference(bounds);
      const real = new Real(bounds);
      for (const action of script) {
        act(reference, action);
        act(real, action);
        await turn();
        const { written, ends, fill, done } = real;
        const { written: w, ends: e, fill: f, done: d } = reference;
        expect({ written, ends, fill, done }).toEqual({ written: w, ends: e, fill: f, done: d });
      }
    }),
    { seed: 5, numRuns: 2000 },
  );
});
