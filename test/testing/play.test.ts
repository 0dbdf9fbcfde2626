// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { type ReceiverStep, ScriptError, testCall } from "connect-stream/testing";
import { describe, expect, it, vi } from "vitest";
import { LabService, type Note, type NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import type { ChatServerStream, DownloadServerStream } from "../support/gen/lab/v1/lab_stream.js";

const { unary, download, upload, chat } = LabService.method;
/** For steps that are to fail because nothing comes. */
const impatient = { patienceMs: 10 };

async function echo(stream: ChatServerStream): Promise<void> {
  for await (const { text } of stream) await stream.send({ text: `${text}!` });
}

async function countToTwo(_request: Note, stream: DownloadServerStream): Promise<void> {
  for (const number of [1n, 2n]) await stream.send({ number });
}

async function faultOf(played: Promise<void>): Promise<ScriptError> {
  try {
    await played;
  } catch (error) {
    if (error instanceof ScriptError) return error;
    throw error;
  }
  throw new Error("the script came true");
}

describe("scripts of each kind", () => {
  it("bidirectional", async () => {
    const call = testCall(chat, echo);
    await call.play([
      { send: { text: "a" } },
      { recv: { text: "a!" } },
      "quiet",
      { send: { text: "b" } },
      { send: { text: "c" } },
      { recv: { text: "b!" } },
      { recv: ({ text }) => expect(text).toBe("c!") },
      "closeSend",
      "end",
    ]);
    await call.result;
  });

  it("server streaming", async () => {
    const call = testCall(download, countToTwo, {});
    await call.play([{ recv: { number: 1n } }, { recv: { number: 2n } }, "end", "end"]);
  });

  it("client streaming", async () => {
    const call = testCall(upload, async (stream) => {
      let count = 0n;
      for await (const _ of stream) count++;
      await stream.sendAndClose({ number: count });
    });
    await call.play([
      { send: {} },
      { send: {} },
      "quiet",
      "closeSend",
      { recv: { number: 2n } },
      "end",
    ]);
  });

  it("unary", async () => {
    const call = testCall(unary, async ({ text }) => ({ text }), { text: "a" });
    await call.play([{ recv: { text: "a" } }, "end"]);
  });

  it("failures, by code and by function", async () => {
    const fail = () => Promise.reject(new ConnectError("no such room", Code.NotFound));
    await testCall(chat, fail).play([{ fails: Code.NotFound }]);
    await testCall(chat, fail).play([
      { fails: ({ rawMessage }) => expect(rawMessage).toBe("no such room") },
    ]);
  });

  it.each([
    ["cancel", Code.Canceled],
    ["disconnect", Code.Unavailable],
    ["expire", Code.DeadlineExceeded],
  ] as const)("%s", async (way, code) => {
    const call = testCall(chat, echo);
    await call.play([{ send: { text: "a" } }, { recv: {} }, way, { fails: code }]);
    await expect(call.result).rejects.toBeInstanceOf(ConnectError);
  });

  it("time and flow control", async () => {
    const call = testCall(
      chat,
      async (stream) => {
        await stream.recv({ timeoutMs: 500 }).catch(() => undefined);
        await stream.send({ text: "late" });
        await stream.recv();
      },
      { timeoutMs: 1000 },
    );
    await call.play([
      "pause",
      { advance: 500 },
      "quiet",
      "resume",
      { recv: { text: "late" } },
      { advance: 500 },
      { fails: Code.DeadlineExceeded },
    ]);
  });

  it("functions are called in their turn, and waited for", async () => {
    const order: string[] = [];
    const call = testCall(chat, async (stream) => {
      for await (const { text } of stream) order.push(text);
    });
    await call.play([
      { send: { text: "a" } },
      () => call.idle(),
      () => order.push("between"),
      { send: { text: "b" } },
      () => call.idle(),
      "cancel",
    ]);
    expect(order).toEqual(["a", "between", "b"]);
  });

  it("fake timers do not stop a script", async () => {
    vi.useFakeTimers();
    try {
      const call = testCall(chat, echo);
      await call.play([{ send: { text: "a" } }, { recv: {} }, "quiet", "closeSend", "end"]);
      const stuck = await faultOf(testCall(chat, echo).play([{ recv: {} }], impatient));
      expect(stuck.actual).toBe("nothing within 10 ms");
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("what did not come true", () => {
  const place = (step: number, of: number, what: string) =>
    `step ${step} of ${of} (${what}) of lab.v1.LabService.Chat`;

  it("another message: step, expected, got", async () => {
    const error = await faultOf(
      testCall(chat, echo).play([{ send: { text: "a" } }, { recv: { text: "b" } }, "end"]),
    );
    expect(error).toMatchObject({
      name: "ScriptError",
      step: 2,
      expected: '{\n  text: "b",\n}',
      actual: '{\n  text: "a!",\n}',
      message: `${place(2, 3, "recv")} (- expected, + got)\n  {\n-   text: "b",\n+   text: "a!",\n  }`,
    });
  });

  it("the steps after it are not done", async () => {
    const after = vi.fn();
    const call = testCall(chat, echo);
    await faultOf(call.play([{ send: {} }, { recv: { text: "b" } }, after]));
    expect(after).not.toHaveBeenCalled();
    call.cancel();
  });

  const faults: [string, ReceiverStep<typeof NoteSchema>, string, string][] = [
    [
      "the end instead of a message",
      { recv: { text: "a" } },
      '{\n  text: "a",\n}',
      "the end of the stream",
    ],
    ["the end instead of any", { recv: () => true }, "a message", "the end of the stream"],
    [
      "the end instead of a failure",
      { fails: Code.NotFound },
      "the error [not_found]",
      "the end of the stream",
    ],
    [
      "the end instead of nothing",
      "quiet",
      "no error",
      "expected nothing, got the end of the stream",
    ],
  ];
  it.each(faults)("%s", async (_, step, expected, actual) => {
    const error = await faultOf(testCall(chat, async () => {}).play([step]));
    expect(error).toMatchObject({ expected, actual });
  });

  it("a message instead of the end, or of nothing", async () => {
    const end = await faultOf(testCall(download, countToTwo, {}).play(["end"]));
    expect(end).toMatchObject({ expected: "the end of the stream", actual: "{\n  number: 1n,\n}" });
    const quiet = await faultOf(testCall(download, countToTwo, {}).play(["quiet"]));
    expect(quiet.message).toContain("expected nothing, got {\n  number: 1n,\n}");
  });

  it("nothing", async () => {
    const error = await faultOf(testCall(chat, echo).play([{ recv: {} }], impatient));
    expect(error.message).toBe(
      `${place(1, 1, "recv")} (- expected, + got)\n- {}\n+ nothing within 10 ms`,
    );
  });

  it("a failure; its cause is what the handler threw, which clients do not see", async () => {
    const thrown = new TypeError("a secret");
    const call = testCall(chat, () => Promise.reject(thrown));
    const error = await faultOf(call.play([{ recv: {} }]));
    expect(error.actual).toBe("the error [internal] internal error");
    expect(error.cause).toBe(thrown);
  });

  it("another failure", async () => {
    const fail = () => Promise.reject(new ConnectError("no", Code.NotFound));
    const error = await faultOf(testCall(chat, fail).play([{ fails: Code.Aborted }]));
    expect(error).toMatchObject({
      expected: "the error [aborted]",
      actual: "the error [not_found] no",
    });
    const checked = await faultOf(testCall(chat, fail).play([{ fails: () => false }]));
    expect(checked.message).toContain("[not_found] no");
  });

  it("a send that is not accepted", async () => {
    const call = testCall(chat, () => new Promise(() => undefined));
    const large = { payload: new Uint8Array(100_000) };
    const error = await faultOf(
      call.play([{ send: large }, { send: large }, { send: {} }], impatient),
    );
    expect(error.message).toMatch(/\(send\) .*not done within 10 ms/s);
    call.cancel();
  });

  it("a send that fails, and a function that throws", async () => {
    const call = testCall(chat, () => new Promise(() => undefined));
    const late = await faultOf(call.play(["closeSend", { send: {} }]));
    expect(late.message).toBe(
      `${place(2, 2, "send")}: [failed_precondition] send after half-close`,
    );
    const thrown = new RangeError("not so");
    const own = await faultOf(call.play([() => Promise.reject(thrown)]));
    expect(own.message).toBe(`${place(1, 1, "function")}: not so`);
    expect(own.cause).toBe(thrown);
  });

  it("a step that does not exist", async () => {
    const step = "stop" as "end";
    const error = await faultOf(testCall(chat, echo).play([step]));
    expect(error.message).toContain('unknown step: "stop"; use recv, fails, send, advance, end');
  });
});
