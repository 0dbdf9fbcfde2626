// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import "../support/process-faults.js";
import { IterableSink } from "../../runtime/src/stream/iterable-sink.js";
import { type Holding, IteratorSource } from "../../runtime/src/stream/iterator-source.js";
import { turn } from "../support/gate.js";

describe("IterableSink", () => {
  function create() {
    const seen = { drains: 0, abandoned: [] as unknown[] };
    const sink = new IterableSink<number>((n) => n, {
      onDrain: () => seen.drains++,
      onAbandoned: (error) => seen.abandoned.push(error),
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
    expect(seen.abandoned).toEqual([error]);
    expect((await again.return?.())?.done).toBe(true);
    expect(seen.abandoned.length).toBe(1);
  });

  it("nobody abandons what has ended", async () => {
    const { sink, seen } = create();
    sink.end();
    await sink.return();
    expect(seen.abandoned).toEqual([]);
  });
});

describe("IteratorSource", () => {
  function create(values: number[], holding: Holding<number> = {}) {
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
        onOverflow: (error) => events.push(error.rawMessage),
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
});
