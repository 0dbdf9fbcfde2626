// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { type Compression, compressedFlag } from "@connectrpc/connect/protocol";
import type { QueueBounds } from "connect-stream";
import { describe, expect, it } from "vitest";
import { Bounds } from "../../runtime/src/call/bounds.js";
import { Receiver } from "../../runtime/src/call/receiver.js";
import { registerNativeCompression } from "../../runtime/src/protocol/compression.js";
import { MessageDecoder } from "../../runtime/src/protocol/decoder.js";
import { failure, type Gate, gate, turn } from "../support/gate.js";
import { envelope } from "../support/raw.js";

const END = 2;
const MAX = 1_000_000;

/** A decompression in the hands of the test. */
interface Run {
  readonly text: string;
  readonly maxBytes: number;
  readonly gate: Gate<Uint8Array>;
}

/** What a message says that it decompresses to: `"12:text"` says 12 bytes, `"text"` its own. */
const said = (text: string) => (text.includes(":") ? Number.parseInt(text, 10) : text.length);

/** The receiving half of a call, on a platform that decompresses when the test says so. */
function create(options: { native?: boolean; bounds?: QueueBounds } = {}) {
  const runs: Run[] = [];
  const told = { end: undefined as string | undefined, paused: false };
  const compression: Compression = {
    name: "fake",
    compress: async (data) => Uint8Array.from(data),
    decompress: async (data, maxBytes) => Uint8Array.from(await start(data, maxBytes)),
  };
  const start = (data: Uint8Array, maxBytes: number) => {
    const run = { text: Buffer.from(data).toString(), maxBytes, gate: gate<Uint8Array>() };
    runs.push(run);
    return run.gate.promise;
  };
  if (options.native ?? true) {
    registerNativeCompression(compression, {
      compress: (data) => data,
      decompress: (data, maxBytes) =>
        Buffer.from(data).toString().startsWith("now") ? data : start(data, maxBytes),
      expectedBytes: (data) => said(Buffer.from(data).toString()),
    });
  }
  const decoder: MessageDecoder<string> = new MessageDecoder<string>(
    {
      parse: (data) => Buffer.from(data).toString(),
      aliases: false,
      endFlag: END,
      compression,
      readMaxBytes: MAX,
      bounds: options.bounds && new Bounds("receive", options.bounds),
    },
    {
      onReady: () => inbound.ready(),
      onConsumed(end) {
        told.end = end && Buffer.from(end).toString();
        inbound.finish();
      },
      onInvalid: (error) => inbound.finish(error),
      onPause(paused) {
        told.paused = paused;
      },
    },
  );
  const inbound: Receiver<string> = new Receiver(decoder);
  const push = (...texts: string[]) =>
    decoder.push(Buffer.concat(texts.map((text) => envelope(Buffer.from(text), compressedFlag))));
  return { decoder, inbound, runs, told, push, running: () => runs.map(({ text }) => text) };
}

const finish = (run: Run | undefined, text: string | undefined = run?.text) =>
  run?.gate.resolve(Buffer.from(text ?? ""));

/** What a platform says of more than it may make. */
function refuse(run: Run | undefined): void {
  const error = new ConnectError("too large", Code.ResourceExhausted);
  run?.gate.resolve(Promise.reject(error) as never);
}

it("nothing is decompressed before somebody asks for a message", async () => {
  const { push, runs } = create();
  push("a", "b");
  await turn();
  expect(runs).toEqual([]);
});

it("four at a time, in order, whichever is ready first", async () => {
  const { push, inbound, runs, running } = create();
  push("a", "b", "c", "d", "e", "f");
  const recv = inbound.recv();
  expect(running()).toEqual(["a", "b", "c", "d"]);
  for (const at of [3, 1, 2]) finish(runs[at]);
  await turn();
  expect(running()).toEqual(["a", "b", "c", "d"]);
  finish(runs[0]);
  expect(await recv).toBe("a");
  expect(running()).toEqual(["a", "b", "c", "d", "e"]);
  expect([await inbound.recv(), await inbound.recv(), await inbound.recv()]).toEqual([
    "b",
    "c",
    "d",
  ]);
  expect(running()).toEqual(["a", "b", "c", "d", "e", "f"]);
});

it("those that come while one is decompressed start beside it", async () => {
  const { push, inbound, runs, running } = create();
  const all = Promise.all([inbound.recv(), inbound.recv(), inbound.recv()]);
  push("a");
  push("b");
  push("c");
  expect(running()).toEqual(["a", "b", "c"]);
  for (const run of runs.toReversed()) finish(run);
  expect(await all).toEqual(["a", "b", "c"]);
});

it("keeps the place of messages that are not compressed, or done on the spot", async () => {
  const { decoder, push, inbound, runs } = create();
  push("a");
  decoder.push(envelope(Buffer.from("plain")));
  push("now", "b");
  decoder.push(envelope(Buffer.from("end"), END));
  const all = Promise.all(Array.from({ length: 5 }, () => inbound.recv()));
  finish(runs[1]);
  finish(runs[0]);
  expect(await all).toEqual(["a", "plain", "now", "b", undefined]);
});

it("counts all that has arrived, wherever it is", async () => {
  const { push, inbound, decoder, runs } = create();
  push("a", "bb", "ccc", "dddd", "eeeee");
  const recv = inbound.recv();
  expect(decoder.received).toEqual({ messages: 5, bytes: 15, dropped: 0 });
  expect(decoder.unread).toEqual({ messages: 4, bytes: 14, dropped: 0 });
  finish(runs[0]);
  await recv;
  expect(decoder.messages).toBe(1);
  expect(decoder.received).toEqual({ messages: 5, bytes: 15, dropped: 0 });
});

it("an error comes when its message would, and ends the stream", async () => {
  const { push, inbound, runs } = create();
  push("a", "b", "c");
  const recvs = [inbound.recv(), inbound.recv(), inbound.recv()];
  runs[1]?.gate.resolve(Promise.reject(new ConnectError("broken", Code.DataLoss)) as never);
  finish(runs[2]);
  await turn();
  finish(runs[0]);
  expect(await recvs[0]).toBe("a");
  for (const recv of recvs.slice(1)) {
    expect((await failure(recv as Promise<unknown>)).rawMessage).toBe("broken");
  }
});

it("the end may be compressed, and comes last", async () => {
  const { decoder, push, inbound, runs, told } = create();
  push("a", "b");
  decoder.push(envelope(Buffer.from("fin"), END | compressedFlag));
  const recvs = Promise.all([inbound.recv(), inbound.recv(), inbound.recv()]);
  for (const at of [1, 0]) finish(runs[at]);
  await turn();
  finish(runs[2]);
  expect(await recvs).toEqual(["a", "b", undefined]);
  expect(told.end).toBe("fin");
});

it("a stream that was stopped hears of nothing", async () => {
  const { decoder, push, inbound, runs } = create();
  push("a", "b", "c");
  const recv = inbound.recv();
  decoder.stop();
  inbound.finish(new ConnectError("over", Code.Canceled));
  await failure(recv);
  finish(runs[0]);
  refuse(runs[1]);
  await turn();
  expect(decoder.unread).toEqual({ messages: 0, bytes: 0, dropped: 0 });
});

describe("memory", () => {
  it("only the first may become as large as a message may be", async () => {
    const { push, inbound, runs } = create();
    push("a", "b", "100000:c", "200000:d", "e");
    void inbound.recv();
    expect(runs.map(({ text, maxBytes }) => [text, maxBytes])).toEqual([
      ["a", MAX],
      ["b", 1],
      ["100000:c", 100_000],
    ]);
  });

  it("those ahead are no more than 256 KiB together, compressed or not", async () => {
    const { decoder, push, inbound, running } = create();
    push("a");
    decoder.push(envelope(Buffer.alloc(200_000, "x")));
    decoder.push(envelope(Buffer.alloc(100_000, "y"), compressedFlag));
    push("b");
    void inbound.recv();
    expect(running()).toEqual(["a"]);
    expect(decoder.unread).toMatchObject({ messages: 3, bytes: 300_001 });
  });

  it("more than that stays on the wire, where it holds the peer back", () => {
    const { decoder, push, inbound, told } = create();
    push("a");
    void inbound.recv();
    decoder.push(envelope(Buffer.alloc(200_000, "x")));
    expect(told.paused).toBe(false);
    decoder.push(envelope(Buffer.alloc(100_000, "y")));
    expect(told.paused).toBe(true);
  });

  it("one that says more than a message may have is not begun before its turn", async () => {
    const { push, inbound, running } = create();
    push("a", "1000001:b", "c");
    void inbound.recv();
    expect(running()).toEqual(["a"]);
  });

  it("one that says too little is decompressed again, when it is the first", async () => {
    const { push, inbound, runs } = create();
    push("a", "3:liar", "c");
    const recvs = [inbound.recv(), inbound.recv(), inbound.recv()];
    expect(runs.map(({ maxBytes }) => maxBytes)).toEqual([MAX, 6, 1]);
    refuse(runs[1]);
    finish(runs[2]);
    await turn();
    finish(runs[0]);
    expect(await recvs[0]).toBe("a");
    expect(runs[3]).toMatchObject({ text: "3:liar", maxBytes: MAX });
    finish(runs[3], "the truth");
    expect(await Promise.all(recvs)).toEqual(["a", "the truth", "c"]);
  });

  it("one that is too large for a message, too, fails the stream", async () => {
    const { push, inbound, runs } = create();
    push("a", "3:liar");
    const recvs = [inbound.recv(), inbound.recv()];
    finish(runs[0]);
    await recvs[0];
    refuse(runs[1]);
    await turn();
    refuse(runs[2]);
    expect((await failure(recvs[1] as Promise<unknown>)).code).toBe(Code.ResourceExhausted);
  });

  it("a queue with bounds of its own, and a user's own compression: one at a time", async () => {
    for (const options of [{ bounds: { maxMessages: 10 } }, { native: false }]) {
      const { push, inbound, runs, running } = create(options);
      push("a", "b", "c");
      const recvs = [inbound.recv(), inbound.recv()];
      expect(running()).toEqual(["a"]);
      finish(runs[0]);
      await recvs[0];
      await turn();
      expect(running()).toEqual(["a", "b"]);
      finish(runs[1]);
      expect(await recvs[1]).toBe("b");
    }
  });

  it("the peer is held back as ever: by what waits on the wire", async () => {
    const { push, inbound, told } = create();
    void inbound.recv();
    for (let i = 0; i < 3; i++) push("x".repeat(60_000));
    expect(told.paused).toBe(false);
    for (let i = 0; i < 3; i++) push("x".repeat(60_000));
    expect(told.paused).toBe(true);
  });
});
