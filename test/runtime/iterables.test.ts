// SPDX-License-Identifier: Apache-2.0
import type { QueueBounds } from "connect-stream";
import { describe, expect, it } from "vitest";
import { Bounds } from "../../runtime/src/call/bounds.js";
import { Fifo } from "../../runtime/src/call/fifo.js";
import { IterableSink } from "../../runtime/src/call/iterable-sink.js";
import { type Holding, IteratorSource } from "../../runtime/src/call/iterator-source.js";
import { turn } from "../support/gate.js";

describe("IterableSink", () => {
  function create() {
    const seen = { drains: 0, abandoned: 0 };
    const sink = new IterableSink<number>((n) => n, {
      onDrain: () => seen.drains++,
      onAbandoned: () => seen.abandoned++,
    });
    return { sink, seen };
  }

  it("gives what was written, then the end, and the end again", async () => {
    const { sink } = create();
    const early = sink.next();
    sink.write(1);
    sink.write(2);
    sink.end();
    const late = [await early, await sink.next(), await sink.next(), await sink.next()];
    expect(late.map(({ value, done }) => (done ? "end" : value))).toEqual([1, 2, "end", "end"]);
  });

  it("gives an error after what was written, once", async () => {
    const { sink } = create();
    sink.write(1);
    sink.end({ error: new Error("broken") });
    expect((await sink.next()).value).toBe(1);
    await expect(sink.next()).rejects.toThrow("broken");
    expect((await sink.next()).done).toBe(true);
  });

  it("is bounded, and says when there is room", async () => {
    const { sink, seen } = create();
    let written = 0;
    while (sink.write(written++)) expect(written).toBeLessThan(1000);
    expect(seen.drains).toBe(0);
    await sink.next();
    expect(seen.drains).toBe(1);
  });

  it("its iterator is one, and stops at once although a next is pending", async () => {
    const { sink, seen } = create();
    const pending = sink.next();
    // Connect asks for the iterator again, to throw into it.
    const again = sink[Symbol.asyncIterator]();
    const error = new Error("client gone");
    expect((await again.throw?.(error))?.done).toBe(true);
    expect((await pending).done).toBe(true);
    expect(seen.abandoned).toBe(1);
    expect((await again.return?.())?.done).toBe(true);
    expect(seen.abandoned).toBe(1);
  });

  it("nobody abandons what has ended", async () => {
    const { sink, seen } = create();
    sink.end();
    await sink.return();
    expect(seen.abandoned).toBe(0);
  });
});

describe("IteratorSource", () => {
  function create(values: Iterable<number>, holding: Holding<number> = {}) {
    const events: string[] = [];
    let pulled = 0;
    const source = new IteratorSource<number>(
      (async function* () {
        for (const value of values) {
          pulled++;
          if (value < 0) throw new Error("negative");
          yield value;
        }
      })(),
      {
        onReady: () => events.push("ready"),
        onEnd: () => events.push("end"),
        onError: (error) => events.push(String(error)),
        onFault: (error) => events.push(error.rawMessage),
      },
      holding,
    );
    return { source, events, pulled: () => pulled };
  }

  it("pulls one at a time, and only when asked", async () => {
    const { source, events, pulled } = create([1, 2]);
    await turn();
    expect(pulled()).toBe(0);
    expect(source.take()).toBeUndefined();
    expect(source.take()).toBeUndefined();
    await turn();
    expect(pulled()).toBe(1);
    expect(source.take()).toBe(1);
    await turn();
    expect(pulled()).toBe(1);
    source.take();
    await turn();
    expect(source.take()).toBe(2);
    source.take();
    await turn();
    expect(events).toEqual(["ready", "ready", "end"]);
  });

  it("reads ahead to see the end, and keeps what it has read", async () => {
    const { source, events } = create([1], { ahead: 2 });
    await turn();
    expect(events).toEqual(["ready", "end"]);
    expect(source.unread.messages).toBe(1);
    expect(source.take()).toBe(1);
    expect(source.take()).toBeUndefined();
  });

  it("tells an error", async () => {
    const { source, events } = create([-1]);
    source.take();
    await turn();
    expect(events).toEqual(["Error: negative"]);
  });

  it("tells of a message that cannot be measured, and gives none after it", async () => {
    const measure = (n: number) => {
      if (n > 1) throw new Error(`no size: ${n}`);
      return n;
    };
    const { source, events, pulled } = create([1, 2, 3], { ahead: 3, measure });
    await turn();
    expect(events).toEqual(["ready", "no size: 2"]);
    source.take();
    await turn();
    expect(source.take()).toBeUndefined();
    expect(pulled()).toBe(2);
  });

  describe("with bounds", () => {
    const bounds = (set: QueueBounds) => ({
      bounds: new Bounds("receive", set),
      measure: (n: number) => n,
    });

    it("wait: reads ahead to the bounds, and on when there is room", async () => {
      const { source, pulled } = create([1, 2, 3, 4, 5], bounds({ maxMessages: 2 }));
      await turn();
      expect([pulled(), source.unread.messages]).toEqual([2, 2]);
      expect(source.take()).toBe(1);
      await turn();
      expect(source.unread).toEqual({ messages: 2, bytes: 5, dropped: 0 });
      const bytes = create([5, 4, 3, 2], bounds({ maxBytes: 8 }));
      await turn();
      expect(bytes.source.unread).toMatchObject({ messages: 2, bytes: 9 });
    });

    it("fail: tells at the end of the turn, if more is left than may be", async () => {
      const { source, events } = create([1, 2, 3], bounds({ maxMessages: 5, whenFull: "fail" }));
      await turn();
      expect(source.unread.messages).toBe(3);
      const full = create(endless(), bounds({ maxMessages: 2, whenFull: "fail" }));
      await turn();
      await turn();
      expect(full.events.at(-1)).toMatch(/^the receive queue overflows: \d+ messages/);
      expect(full.source.take()).toBe(1);
      expect(events.at(-1)).toBe("end");
    });

    it("drop-oldest: keeps what came last, and lets turns end", async () => {
      const { source } = create(endless(), bounds({ maxMessages: 2, whenFull: "drop-oldest" }));
      for (let i = 0; i < 10; i++) {
        await turn();
        // Not much more is held at any time than may be.
        expect(source.unread.messages).toBeLessThan(70);
      }
      const { messages, dropped } = source.unread;
      expect(dropped).toBeGreaterThan(100);
      expect(source.taken).toBe(dropped);
      const next = source.take();
      expect(next).toBe(dropped + 1);
      expect(messages).toBeGreaterThanOrEqual(2);
    });

    it("drop-oldest: leaves alone what came with the end", async () => {
      const { source, events } = create(
        [1, 2, 3],
        bounds({ maxMessages: 1, whenFull: "drop-oldest" }),
      );
      await turn();
      await turn();
      expect(events.at(-1)).toBe("end");
      expect(source.unread).toEqual({ messages: 3, bytes: 6, dropped: 0 });
    });
  });
});

function* endless(): Iterable<number> {
  for (let n = 1; ; n++) yield n;
}

it("Fifo does what an array does, also when it is long", () => {
  const fifo = new Fifo<number>();
  const array: number[] = [];
  let wrong = 0;
  for (let i = 0; i < 30_000; i++) {
    // Grows to thousands, and back to nothing.
    const grows = Math.sin(i / 3000) > 0 ? i % 3 !== 0 : i % 3 === 0;
    if (grows) {
      fifo.push(i);
      array.push(i);
    } else if (i % 7 === 0 && array.length > 2) {
      if (fifo.indexOf(array[2] ?? -1) !== 2) wrong++;
      if (fifo.remove(2) !== array.splice(2, 1)[0]) wrong++;
    } else {
      if (fifo.shift() !== array.shift()) wrong++;
    }
    if (fifo.length !== array.length || fifo.at(3) !== array[3]) wrong++;
  }
  expect(wrong).toBe(0);
  expect(fifo.indexOf(-1)).toBeLessThan(0);
  fifo.push(1);
  expect(fifo.clear()).toEqual([...array, 1]);
  expect([fifo.length, fifo.shift()]).toEqual([0, undefined]);
});
