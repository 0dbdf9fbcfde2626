// SPDX-License-Identifier: Apache-2.0

import { getEventListeners } from "node:events";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, it } from "vitest";
import { Receiver } from "../../runtime/src/call/receiver.js";
import { failure } from "../support/gate.js";

const gone = new ConnectError("gone", Code.Canceled);

function inboundOf(messages: string[] = []) {
  const inbound: Receiver<string> = new Receiver({ take: () => messages.shift() });
  return { inbound, messages };
}

it("gives what is at hand at once, and what comes later then", async () => {
  const { inbound, messages } = inboundOf(["a"]);
  expect(await inbound.recv()).toBe("a");
  const waiting = [inbound.recv(), inbound.recv()];
  messages.push("b", "c");
  inbound.ready();
  expect(await Promise.all(waiting)).toEqual(["b", "c"]);
});

it("a message goes to those who wait, not to one who comes after them", async () => {
  const { inbound, messages } = inboundOf();
  const first = inbound.recv();
  messages.push("a", "b");
  const second = inbound.recv();
  inbound.ready();
  expect(await Promise.all([first, second])).toEqual(["a", "b"]);
});

it("the end is the end for all who wait, and for all who come", async () => {
  const { inbound } = inboundOf();
  const waiting = [inbound.recv(), inbound.recv()];
  inbound.finish();
  inbound.finish(gone);
  expect(await Promise.all([...waiting, inbound.recv()])).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

it("an error is the error of all who wait, and of all who come", async () => {
  const { inbound } = inboundOf(["too late"]);
  inbound.finish(gone);
  inbound.finish();
  expect(await failure(inbound.recv())).toBe(gone);
  expect(await failure(inbound.recv())).toBe(gone);
});

it("a limit that is no number is refused, and takes no message", async () => {
  const { inbound } = inboundOf(["a"]);
  await expect(inbound.recv({ timeoutMs: Number.NaN })).rejects.toThrow(RangeError);
  await expect(inbound.recv({ timeoutMs: Number.NaN })).rejects.toThrow(
    "timeoutMs of recv must be a number of milliseconds, not NaN",
  );
  expect(await inbound.recv()).toBe("a");
});

it.each([0, -1, Number.NEGATIVE_INFINITY])(
  "a limit of %s takes what is there",
  async (timeoutMs) => {
    const { inbound } = inboundOf(["a"]);
    expect(await inbound.recv({ timeoutMs })).toBe("a");
    expect((await failure(inbound.recv({ timeoutMs }))).code).toBe(Code.DeadlineExceeded);
  },
);

it("a recv that nobody awaits harms nobody", () => {
  const { inbound } = inboundOf();
  void inbound.recv();
  inbound.finish(gone);
  void inbound.recv();
});

it("a source may end the stream while it is asked", async () => {
  const inbound = new Receiver<string>({
    take() {
      inbound.finish(gone);
      return undefined;
    },
  });
  expect(await failure(inbound.recv())).toBe(gone);
});

it("one who gives up leaves the message to the next, and nothing behind", async () => {
  const { inbound, messages } = inboundOf();
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = inbound.recv({ signal });
  const timedOut = inbound.recv({ timeoutMs: 0 });
  const patient = inbound.recv({ timeoutMs: 2 ** 40 });
  expect((await failure(timedOut)).code).toBe(Code.DeadlineExceeded);
  controller.abort();
  expect((await failure(aborted)).code).toBe(Code.Canceled);
  messages.push("a");
  inbound.ready();
  expect(await patient).toBe("a");
  const served = inbound.recv({ signal: new AbortController().signal });
  messages.push("b");
  inbound.ready();
  expect(await served).toBe("b");
  expect(getEventListeners(signal, "abort").length).toBe(0);
});
