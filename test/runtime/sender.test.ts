// SPDX-License-Identifier: Apache-2.0
import { getEventListeners } from "node:events";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, it } from "vitest";
import "../support/process-faults.js";
import { Sender } from "../../runtime/src/call/sender.js";
import { failure, type Gate, gate } from "../support/gate.js";

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

it("messages that take time to encode keep their order, and one that fails fails alone", async () => {
  const gates: Gate<string>[] = [];
  const written: string[] = [];
  const outbound = new Sender<string, string>(
    {
      size: 0,
      encode() {
        const encoded = gate<string>();
        gates.push(encoded);
        return encoded.promise.then((frame) => {
          if (frame === "bad") throw new Error("cannot encode");
          return frame;
        });
      },
      write: (frame) => written.push(frame) > 0,
    },
    true,
  );
  const sends = [outbound.send("1"), outbound.send("2"), outbound.send("3")];
  gates[2]?.resolve("three");
  gates[1]?.resolve("bad");
  await failure(sends[1] as Promise<void>);
  expect(written).toEqual([]);
  gates[0]?.resolve("one");
  await Promise.all([sends[0], sends[2]]);
  expect(written).toEqual(["one", "three"]);
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
