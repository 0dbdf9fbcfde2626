// SPDX-License-Identifier: Apache-2.0
import { getEventListeners } from "node:events";
import { Code, ConnectError } from "@connectrpc/connect";
import type { QueueBounds } from "connect-stream";
import { describe, expect, it } from "vitest";
import { Bounds } from "../../runtime/src/call/bounds.js";
import { Sender } from "../../runtime/src/call/sender.js";
import { ReplayBuffer } from "../../runtime/src/client/retry/replay-buffer.js";
import { ReplayedSends } from "../../runtime/src/client/retry/replayed-sends.js";
import { failure, turn } from "../support/gate.js";
import { type Note, NoteSchema } from "../support/gen/lab/v1/lab_pb.js";

const failed = new ConnectError("failed", Code.Unavailable);

/** A call that may be made again, whose attempts are in the hands of the test. */
function create(set?: QueueBounds) {
  const bounds = set && new Bounds("send", set);
  const sends = new ReplayedSends(new ReplayBuffer(NoteSchema, 100_000), bounds);
  return {
    sends,
    send: (number: number, signal?: AbortSignal) => sends.send({ number: BigInt(number) }, signal),
    /** Begins an attempt, which writes nothing before it is open. */
    attempt() {
      const written: number[] = [];
      const sink = {
        size: 1,
        encode: (message: object) => message,
        write: (message: object) => written.push(Number((message as Note).number)) > 0,
      };
      const outbound = new Sender<object, object>(sink, false, { bounds });
      let ended = false;
      sends.attach({
        get ended() {
          return ended;
        },
        send: (message, options) => outbound.send(message, options),
      });
      const end = () => {
        ended = true;
        outbound.close(failed);
      };
      return {
        written,
        open: () => outbound.drained(),
        end,
        fail() {
          end();
          sends.detach(outbound.fill.dropped);
        },
      };
    },
  };
}

it("what was dropped is not sent again, and what was not is never dropped by that", async () => {
  const { sends, send, attempt } = create({ maxMessages: 3, whenFull: "drop-oldest" });
  const first = attempt();
  for (const number of [1, 2, 3, 4, 5]) await send(number);
  first.fail();
  for (const number of [6, 7, 8, 9]) await send(number);
  expect(sends.parked).toMatchObject({ messages: 3, dropped: 1 });
  const second = attempt();
  expect(sends.dropped).toBe(3);
  await send(10);
  second.open();
  expect(second.written).toEqual([3, 4, 5, 7, 8, 9, 10]);
});

it("what an attempt let out is sent again, however much it was", async () => {
  const { send, attempt } = create({ maxMessages: 1, whenFull: "fail" });
  const first = attempt();
  first.open();
  for (const number of [1, 2, 3]) await send(number);
  first.fail();
  await turn();
  const second = attempt();
  await send(4);
  expect((await failure(send(5))).code).toBe(Code.ResourceExhausted);
  second.open();
  expect(first.written).toEqual([1, 2, 3]);
  expect(second.written).toEqual([1, 2, 3, 4]);
});

it("between two attempts the queue is as full as it is in one", async () => {
  const { send, attempt } = create({ maxMessages: 2, whenFull: "fail" });
  attempt().fail();
  await send(1);
  await send(2);
  expect((await failure(send(3))).rawMessage).toContain("configured queues.send.maxMessages is 2");
  const second = attempt();
  second.open();
  expect(second.written).toEqual([1, 2]);
});

it("who waits for a place between two attempts gets one in the next", async () => {
  const { send, attempt } = create({ maxMessages: 1 });
  attempt().fail();
  await send(1);
  const { signal } = new AbortController();
  const waiting = send(2, signal);
  const second = attempt();
  second.open();
  await waiting;
  expect(second.written).toEqual([1, 2]);
  expect(getEventListeners(signal, "abort").length).toBe(0);
});

it("a send that is aborted between two attempts takes no place", async () => {
  const { sends, send, attempt } = create({ maxMessages: 1 });
  attempt().fail();
  await send(1);
  const controller = new AbortController();
  const aborted = send(2, controller.signal);
  const last = send(3);
  controller.abort();
  expect((await failure(aborted)).code).toBe(Code.Canceled);
  expect(sends.parked.messages).toBe(2);
  const second = attempt();
  second.open();
  await last;
  expect(second.written).toEqual([1, 3]);
});

it("no attempt follows: what waits rejects, what was accepted is lost", async () => {
  const { sends, send, attempt } = create({ maxMessages: 1 });
  attempt().fail();
  const { signal } = new AbortController();
  await send(1, signal);
  const waiting = send(2, signal);
  sends.fail(failed);
  expect(await failure(waiting)).toBe(failed);
  expect(getEventListeners(signal, "abort").length).toBe(0);
});

describe("a send that rejects before it is known what follows its attempt", () => {
  it("goes with the next attempt, if there is one", async () => {
    const { sends, send, attempt } = create();
    const first = attempt();
    const pending = send(1);
    first.end();
    const late = send(2);
    await turn();
    sends.detach(0);
    const second = attempt();
    second.open();
    await Promise.all([pending, late]);
    expect(second.written).toEqual([1, 2]);
  });

  it("rejects with the error of its attempt, if that was the last", async () => {
    const { sends, send, attempt } = create();
    const first = attempt();
    const pending = send(1);
    first.end();
    await turn();
    sends.commit();
    expect(await failure(pending)).toBe(failed);
  });

  it("is taken back, if its signal was aborted", async () => {
    const { sends, send, attempt } = create();
    const first = attempt();
    const controller = new AbortController();
    const aborted = send(1, controller.signal);
    controller.abort();
    first.end();
    expect((await failure(aborted)).code).toBe(Code.Canceled);
    sends.detach(0);
    const second = attempt();
    second.open();
    expect(second.written).toEqual([]);
  });
});
