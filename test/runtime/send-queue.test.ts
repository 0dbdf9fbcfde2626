// SPDX-License-Identifier: Apache-2.0
import { getEventListeners } from "node:events";
import { Code, ConnectError } from "@connectrpc/connect";
import type { QueueBounds } from "connect-stream";
import { describe, expect, it } from "vitest";
import { Bounds } from "../../runtime/src/call/bounds.js";
import { Sender } from "../../runtime/src/call/sender.js";
import { failure, turn } from "../support/gate.js";

const over = new ConnectError("over", Code.Canceled);

/** A sink that takes `room` messages and then asks to wait. Messages are their numbers of bytes. */
class Sink {
  readonly written: number[] = [];
  room = 0;
  size = 0;

  encode(bytes: number): number {
    this.size = bytes;
    return bytes;
  }

  write(frame: number): boolean {
    this.written.push(frame);
    return --this.room > 0;
  }
}

function create(bounds: QueueBounds) {
  const sink = new Sink();
  const outbound = new Sender<number, number>(sink, false, {
    bounds: new Bounds("send", bounds),
  });
  const drain = (room: number) => {
    sink.room = room;
    outbound.drained();
  };
  return { sink, outbound, drain };
}

/** Whether `promise` has resolved by now. */
async function resolved(promise: Promise<void>): Promise<boolean> {
  let is = false;
  void promise.then(
    () => {
      is = true;
    },
    () => undefined,
  );
  await turn();
  return is;
}

describe("wait", () => {
  it("a send resolves when it has a place, others in order when there is room", async () => {
    const { sink, outbound, drain } = create({ maxMessages: 2 });
    const sends = [1, 2, 3, 4].map((bytes) => outbound.send(bytes));
    expect(await Promise.all(sends.map(resolved))).toEqual([true, true, false, false]);
    expect(outbound.fill).toEqual({ messages: 4, bytes: 10, dropped: 0 });
    drain(1);
    expect(await Promise.all(sends.map(resolved))).toEqual([true, true, true, false]);
    drain(9);
    await Promise.all(sends);
    expect(sink.written).toEqual([1, 2, 3, 4]);
    expect(outbound.fill).toEqual({ messages: 0, bytes: 0, dropped: 0 });
  });

  it("counts bytes, and one message always fits", async () => {
    const { outbound, drain } = create({ maxBytes: 10 });
    const large = outbound.send(1000);
    const next = outbound.send(1);
    expect([await resolved(large), await resolved(next)]).toEqual([true, false]);
    drain(1);
    expect(await resolved(next)).toBe(true);
    expect(await resolved(outbound.send(9))).toBe(true);
    expect(await resolved(outbound.send(1))).toBe(false);
  });

  it("has 64 KiB where no bound is set", async () => {
    const { outbound } = create({});
    for (let i = 0; i < 64; i++) expect(await resolved(outbound.send(1024))).toBe(true);
    expect(await resolved(outbound.send(1))).toBe(false);
  });

  it("goes straight through while flow control lets it", async () => {
    const { sink, outbound, drain } = create({ maxMessages: 1 });
    drain(Number.POSITIVE_INFINITY);
    for (let i = 0; i < 100; i++) void outbound.send(i);
    expect(sink.written.length).toBe(100);
  });

  it("what has a place cannot be taken back, what waits for one can", async () => {
    const { sink, outbound, drain } = create({ maxMessages: 1 });
    const controller = new AbortController();
    const { signal } = controller;
    const placed = outbound.send(1, { signal });
    const waiting = outbound.send(2, { signal });
    const last = outbound.send(3);
    controller.abort();
    await placed;
    expect((await failure(waiting)).code).toBe(Code.Canceled);
    expect(getEventListeners(signal, "abort").length).toBe(0);
    drain(9);
    await last;
    expect(sink.written).toEqual([1, 3]);
  });

  it("a half-close waits for what has a place, and what a call drops was accepted", async () => {
    const { sink, outbound, drain } = create({ maxMessages: 1 });
    const sends = [outbound.send(1), outbound.send(2)];
    let done = false;
    outbound.finish(over, () => {
      done = true;
    });
    expect(await failure(outbound.send(3))).toBe(over);
    expect(done).toBe(false);
    drain(9);
    await Promise.all(sends);
    expect([done, sink.written]).toEqual([true, [1, 2]]);

    const cut = create({ maxMessages: 1 });
    const accepted = cut.outbound.send(1);
    const refused = cut.outbound.send(2);
    cut.outbound.close(over);
    await accepted;
    expect(await failure(refused)).toBe(over);
    expect(cut.outbound.fill.messages).toBe(0);
  });
});

describe("fail", () => {
  it("rejects what does not fit with fill and bound, and goes on", async () => {
    const { sink, outbound, drain } = create({ maxMessages: 2, maxBytes: 10, whenFull: "fail" });
    await outbound.send(4);
    const tooLarge = await failure(outbound.send(7));
    expect(tooLarge.code).toBe(Code.ResourceExhausted);
    expect(tooLarge.rawMessage).toBe(
      "the send queue is full: 4 bytes and 7 more, configured queues.send.maxBytes is 10",
    );
    await outbound.send(6);
    const tooMany = await failure(outbound.send(1));
    expect(tooMany.rawMessage).toBe(
      "the send queue is full: 2 messages, configured queues.send.maxMessages is 2",
    );
    drain(1);
    await outbound.send(1);
    drain(9);
    expect(sink.written).toEqual([4, 6, 1]);
  });
});

describe("drop-oldest", () => {
  it("drops what has waited longest, as much as it takes, and counts it", async () => {
    const { sink, outbound, drain } = create({ maxBytes: 10, whenFull: "drop-oldest" });
    for (const bytes of [1, 2, 3, 4]) await outbound.send(bytes);
    expect(outbound.fill).toEqual({ messages: 4, bytes: 10, dropped: 0 });
    await outbound.send(5);
    expect(outbound.fill).toEqual({ messages: 2, bytes: 9, dropped: 3 });
    await outbound.send(1000);
    expect(outbound.fill).toEqual({ messages: 1, bytes: 1000, dropped: 5 });
    drain(9);
    expect(sink.written).toEqual([1000]);
    expect(outbound.fill.dropped).toBe(5);
  });

  it("a stalled peer is told from a queue that moves", async () => {
    const { outbound, drain } = create({ maxMessages: 2, whenFull: "drop-oldest" });
    expect(outbound.head).toBeUndefined();
    await outbound.send(1);
    const { head } = outbound;
    for (const bytes of [2, 3, 4]) await outbound.send(bytes);
    expect(outbound.fill.dropped).toBe(2);
    expect(outbound.head).toBe(head);
    drain(1);
    expect(outbound.head).not.toBe(head);
    drain(9);
    expect(outbound.head).toBeUndefined();
  });

  it("never drops what was accepted in an earlier attempt, and tells of the rest", async () => {
    const { sink, outbound, drain } = create({ maxMessages: 2, whenFull: "drop-oldest" });
    const told: number[] = [];
    const send = (bytes: number, accepted: boolean) =>
      outbound.send(bytes, { accepted, onDropped: () => told.push(bytes) });
    for (const bytes of [1, 2, 3]) await send(bytes, true);
    for (const bytes of [4, 5, 6, 7]) await send(bytes, false);
    expect(told).toEqual([4, 5]);
    drain(9);
    expect(sink.written).toEqual([1, 2, 3, 6, 7]);
  });
});
