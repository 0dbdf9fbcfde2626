// SPDX-License-Identifier: Apache-2.0
import { getEventListeners } from "node:events";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, it } from "vitest";
import { Sender } from "../../runtime/src/call/sender.js";
import { failure, type Gate, gate, turn } from "../support/gate.js";

const over = new ConnectError("over", Code.Canceled);

/** A sink that takes `room` messages, and then asks to wait. */
class Sink {
  readonly written: string[] = [];
  room = Number.POSITIVE_INFINITY;
  size = 0;

  encode(message: string): string {
    if (message === "bad") throw new Error("cannot encode");
    this.size = message.length;
    return message.toUpperCase();
  }

  write(frame: string): boolean {
    this.written.push(frame);
    return --this.room > 0;
  }
}

it("hands over in order, and waits when the sink is full", async () => {
  const sink = new Sink();
  sink.room = 2;
  const outbound = new Sender(sink, true);
  const sends = ["a", "b", "c", "d"].map((message) => outbound.send(message));
  await Promise.all(sends.slice(0, 2));
  expect(sink.written).toEqual(["A", "B"]);
  sink.room = 1;
  outbound.drained();
  await sends[2];
  expect(sink.written).toEqual(["A", "B", "C"]);
  outbound.drained();
  await sends[3];
  expect(sink.written).toEqual(["A", "B", "C", "D"]);
});

it("does not open before it is told", () => {
  const sink = new Sink();
  const outbound = new Sender(sink, false);
  void outbound.send("a");
  expect(sink.written).toEqual([]);
  outbound.drained();
  expect(sink.written).toEqual(["A"]);
});

it("a message that cannot be encoded fails alone", async () => {
  const sink = new Sink();
  const outbound = new Sender(sink, true);
  const bad = outbound.send("bad");
  await outbound.send("good");
  await failure(bad);
  expect(sink.written).toEqual(["GOOD"]);
});

/** A sending half whose messages, numbers of bytes, are compressed when the test says so. */
function compressing() {
  const gates: Gate<string>[] = [];
  const written: string[] = [];
  const sink = {
    size: 0,
    room: Number.POSITIVE_INFINITY,
    async encode(bytes: number) {
      sink.size = bytes;
      const encoded = gate<string>();
      gates.push(encoded);
      const frame = await encoded.promise;
      if (frame === "bad") throw new Error("cannot compress");
      return frame;
    },
    write(frame: string) {
      written.push(frame);
      return --sink.room > 0;
    },
  };
  const outbound = new Sender<number, string>(sink, true);
  /** How many of `sends` have resolved. */
  const resolved = async (sends: readonly Promise<void>[]) => {
    let count = 0;
    for (const send of sends) void send.then(() => count++);
    await turn();
    return count;
  };
  return { sink, outbound, gates, written, resolved };
}

it("messages that are being compressed keep their order", async () => {
  const { outbound, gates, written } = compressing();
  const sends = [outbound.send(1), outbound.send(1), outbound.send(1)];
  await Promise.all(sends);
  gates[2]?.resolve("three");
  gates[1]?.resolve("two");
  await turn();
  expect(written).toEqual([]);
  gates[0]?.resolve("one");
  await turn();
  expect(written).toEqual(["one", "two", "three"]);
});

it("eight messages are compressed at a time, and as many bytes as are few", async () => {
  for (const [bytes, most] of [
    [1, 8],
    [64 * 1024, 4],
    [100 * 1024, 2],
    [1024 * 1024, 1],
  ] as const) {
    const { outbound, gates, written, resolved } = compressing();
    const sends = Array.from({ length: 12 }, () => outbound.send(bytes));
    expect(await resolved(sends)).toBe(most);
    gates[0]?.resolve("first");
    expect(await resolved(sends)).toBe(most + 1);
    for (const one of gates) one.resolve("next");
    expect(await resolved(sends)).toBe(12);
    expect(written).toHaveLength(12);
  }
});

it("what is compressed waits when the sink is full, as does what follows", async () => {
  const { sink, outbound, gates, written, resolved } = compressing();
  sink.room = 1;
  const sends = Array.from({ length: 10 }, () => outbound.send(1));
  for (const one of gates) one.resolve("x");
  expect(await resolved(sends)).toBe(8);
  expect(written).toHaveLength(1);
  sends.push(outbound.send(1));
  gates.at(-1)?.resolve("x");
  expect(await resolved(sends)).toBe(8);
  sink.room = 100;
  outbound.drained();
  expect(await resolved(sends)).toBe(11);
  expect(written).toHaveLength(11);
});

it("one that cannot be compressed is left out; its send rejects, if it still waits", async () => {
  const { outbound, gates, written } = compressing();
  const sends = Array.from({ length: 9 }, () => outbound.send(1));
  gates[8]?.resolve("bad");
  gates[1]?.resolve("bad");
  expect((await failure(sends[8] as Promise<void>)).rawMessage).toBe("cannot compress");
  for (const one of gates) one.resolve("good");
  await Promise.all(sends.slice(0, 8));
  await turn();
  expect(written).toHaveLength(7);
});

it("the end waits for what is being compressed, and a close does not", async () => {
  const { outbound, gates, written } = compressing();
  await outbound.send(1);
  let done = false;
  outbound.finish(over, () => {
    done = true;
  });
  await turn();
  expect(done).toBe(false);
  gates[0]?.resolve("last");
  await turn();
  expect([written, done]).toEqual([["last"], true]);

  const closed = compressing();
  const sends = Array.from({ length: 9 }, () => closed.outbound.send(1));
  closed.outbound.close(over);
  expect((await failure(sends[8] as Promise<void>)).code).toBe(Code.Canceled);
  for (const one of closed.gates) one.resolve("late");
  await turn();
  expect(closed.written).toEqual([]);
});

it("a send that is aborted sends nothing, and leaves nothing behind", async () => {
  const sink = new Sink();
  sink.room = 1;
  const outbound = new Sender(sink, true);
  void outbound.send("a");
  const controller = new AbortController();
  const taken = outbound.send("b", { signal: controller.signal });
  const kept = outbound.send("c", { signal: new AbortController().signal });
  controller.abort();
  expect((await failure(taken)).code).toBe(Code.Canceled);
  sink.room = 9;
  outbound.drained();
  await kept;
  expect(sink.written).toEqual(["A", "C"]);
  expect(getEventListeners(controller.signal, "abort").length).toBe(0);
  await failure(outbound.send("d", { signal: controller.signal }));
  expect(sink.written).toEqual(["A", "C"]);
});

it("finish waits for flow control, flush does not", async () => {
  for (const how of ["finish", "flush"] as const) {
    const sink = new Sink();
    sink.room = 1;
    const outbound = new Sender(sink, true);
    const sends = ["a", "b", "c"].map((message) => outbound.send(message));
    let done = false;
    outbound[how](over, () => {
      done = true;
    });
    expect(await failure(outbound.send("late"))).toBe(over);
    expect(done).toBe(how === "flush");
    sink.room = 9;
    outbound.drained();
    await Promise.all(sends);
    expect(done).toBe(true);
    expect(sink.written).toEqual(["A", "B", "C"]);
  }
});

it("close rejects what waits, and nobody has to listen", async () => {
  const sink = new Sink();
  sink.room = 1;
  const outbound = new Sender(sink, true);
  void outbound.send("a");
  const waiting = outbound.send("b");
  void outbound.send("c");
  let done = false;
  outbound.finish(new ConnectError("finished"), () => {
    done = true;
  });
  outbound.close(over);
  expect(await failure(waiting)).toBe(over);
  expect(await failure(outbound.send("d"))).toBe(over);
  expect(done).toBe(false);
  expect(sink.written).toEqual(["A"]);
});

it("tells how long messages waited for the other side, and of no others", async () => {
  const sink = new Sink();
  const waits: number[] = [];
  const outbound = new Sender(sink, false, { onWaited: (ms) => waits.push(ms) });
  const early = ["a", "b"].map((message) => outbound.send(message));
  sink.room = 1;
  outbound.drained();
  await early[0];
  // It waited to begin with, which does not count.
  expect(waits).toEqual([]);
  sink.room = 2;
  outbound.drained();
  await early[1];
  expect(waits).toHaveLength(1);
  await outbound.send("c");
  expect(waits).toHaveLength(1);
  const late = [outbound.send("d"), outbound.send("e")];
  outbound.close(over);
  await Promise.all(late.map(failure));
  expect(waits).toHaveLength(3);
  expect(waits.every((ms) => ms >= 0)).toBe(true);
});
