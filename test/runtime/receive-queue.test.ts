// SPDX-License-Identifier: Apache-2.0
import { Code, type ConnectError } from "@connectrpc/connect";
import { compressedFlag } from "@connectrpc/connect/protocol";
import type { QueueBounds } from "connect-stream";
import { describe, expect, it } from "vitest";
import { Bounds } from "../../runtime/src/call/bounds.js";
import { Receiver } from "../../runtime/src/call/receiver.js";
import { MessageDecoder } from "../../runtime/src/protocol/decoder.js";
import { failure, type Gate, gate, turn } from "../support/gate.js";
import { envelope } from "../support/raw.js";

const END = 2;
const text = (data: string, flags = 0) => envelope(Buffer.from(data), flags);
const texts = (...all: string[]) => Buffer.concat(all.map((one) => text(one)));
const end = text("end", END);

/** The receiving half of a call whose wire is in the hands of the test. */
function create(bounds: QueueBounds | undefined) {
  const told = { paused: false, pauses: 0, end: undefined as string | undefined };
  const inflations: Gate<void>[] = [];
  const decoder: MessageDecoder<string> = new MessageDecoder<string>(
    {
      parse: (data) => Buffer.from(data).toString(),
      aliases: false,
      endFlag: END,
      compression: {
        name: "slow",
        compress: async (data) => Uint8Array.from(data),
        async decompress(data) {
          const inflation = gate();
          inflations.push(inflation);
          await inflation.promise;
          return Uint8Array.from(data);
        },
      },
      readMaxBytes: 1_000_000,
      bounds: bounds && new Bounds("receive", bounds),
    },
    {
      onReady: () => inbound.ready(),
      onConsumed(data) {
        told.end = data && Buffer.from(data).toString();
        inbound.finish();
      },
      onInvalid: (error: ConnectError) => inbound.finish(error),
      onPause(paused) {
        told.paused = paused;
        told.pauses++;
      },
    },
  );
  const inbound: Receiver<string> = new Receiver(decoder);
  const rest = async () => {
    const read: string[] = [];
    for (let one = await inbound.recv(); one !== undefined; one = await inbound.recv()) {
      read.push(one);
    }
    return read;
  };
  return { decoder, inbound, told, inflations, rest };
}

describe("wait", () => {
  it("holds the peer back at so many messages, until half of them are read", async () => {
    const { decoder, inbound, told } = create({ maxMessages: 4 });
    decoder.push(texts("a", "b", "c"));
    expect(told.paused).toBe(false);
    decoder.push(texts("d"));
    expect(told.paused).toBe(true);
    expect(decoder.unread).toEqual({ messages: 4, bytes: 4, dropped: 0 });
    await inbound.recv();
    expect(told.paused).toBe(true);
    await inbound.recv();
    expect(told.paused).toBe(false);
  });

  it("holds the peer back at so many bytes, by default 64 KiB", async () => {
    for (const [bounds, most] of [
      [{ maxBytes: 1000 }, 1000],
      [{ maxMessages: 1_000_000, maxBytes: 300_000 }, 300_000],
      [{}, 65_536],
      [undefined, 65_536],
    ] as const) {
      const { decoder, told, rest } = create(bounds);
      let arrived = 0;
      const piece = texts("x".repeat(95));
      for (; !told.paused; arrived += 100) decoder.push(piece);
      expect(arrived).toBeGreaterThanOrEqual(most);
      expect(arrived).toBeLessThan(most + 100);
      decoder.push(end);
      expect((await rest()).length).toBe(arrived / 100);
      expect(told.paused).toBe(false);
    }
  });

  it("lets the rest of a message come, however small the bounds", async () => {
    const { decoder, inbound, told } = create({ maxMessages: 1, maxBytes: 1 });
    const large = text("x".repeat(5000));
    decoder.push(large.subarray(0, 4000));
    expect(told.paused).toBe(false);
    decoder.push(large.subarray(4000));
    expect(told.paused).toBe(true);
    expect((await inbound.recv())?.length).toBe(5000);
    expect(told).toMatchObject({ paused: false, pauses: 2 });
  });
});

describe("fail", () => {
  it("ends the call when more is left than may be, and says how much", async () => {
    const { decoder, inbound } = create({ maxMessages: 2, whenFull: "fail" });
    decoder.push(texts("a", "b"));
    await turn();
    decoder.push(texts("c"));
    await turn();
    const error = await failure(inbound.recv());
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.rawMessage).toBe(
      "the receive queue overflows: 3 messages, configured queues.receive.maxMessages is 2",
    );
    const bytes = create({ maxBytes: 3, whenFull: "fail" });
    bytes.decoder.push(texts("aa", "bb"));
    await turn();
    expect((await failure(bytes.inbound.recv())).rawMessage).toBe(
      "the receive queue overflows: 4 bytes, configured queues.receive.maxBytes is 3",
    );
  });

  it("takes one message of any size, and many at once if they are read at once", async () => {
    const one = create({ maxBytes: 1, whenFull: "fail" });
    one.decoder.push(text("large"));
    await turn();
    expect(await one.inbound.recv()).toBe("large");

    const { decoder, rest, told } = create({ maxMessages: 1, whenFull: "fail" });
    const reading = rest();
    for (let i = 0; i < 10; i++) {
      decoder.push(texts("a", "b", "c"));
      await turn();
    }
    decoder.push(end);
    expect((await reading).length).toBe(30);
    expect(told.pauses).toBe(0);
  });

  it("leaves alone what came with the end", async () => {
    const { decoder, rest, told } = create({ maxMessages: 1, whenFull: "fail" });
    decoder.push(Buffer.concat([texts("a", "b", "c"), end]));
    await turn();
    expect(await rest()).toEqual(["a", "b", "c"]);
    expect(told.end).toBe("end");
  });
});

describe("drop-oldest", () => {
  it("keeps what came last, counts the rest, and keeps the end", async () => {
    const { decoder, rest, told } = create({ maxMessages: 2, whenFull: "drop-oldest" });
    decoder.push(texts("a", "b", "c", "d", "e"));
    await turn();
    expect(decoder.unread).toEqual({ messages: 2, bytes: 2, dropped: 3 });
    decoder.push(texts("f"));
    await turn();
    decoder.push(end);
    await turn();
    expect(decoder.received).toEqual({ messages: 6, bytes: 6, dropped: 4 });
    expect(await rest()).toEqual(["e", "f"]);
    expect(told).toEqual({ paused: false, pauses: 0, end: "end" });
    expect(decoder.received).toEqual({ messages: 6, bytes: 6, dropped: 4 });
  });

  it("keeps the last message, however large, and the end of the wire", async () => {
    const { decoder, rest } = create({ maxBytes: 5, whenFull: "drop-oldest" });
    decoder.push(texts("aa", "bb", "cc", "large and last"));
    await turn();
    decoder.end();
    expect(await rest()).toEqual(["large and last"]);
  });

  it("drops compressed messages, and one that was decompressed for nobody", async () => {
    const { decoder, inbound, inflations, told } = create({
      maxMessages: 2,
      whenFull: "drop-oldest",
    });
    const controller = new AbortController();
    const impatient = inbound.recv({ signal: controller.signal });
    decoder.push(text("a", compressedFlag));
    controller.abort();
    await failure(impatient);
    inflations[0]?.resolve();
    await turn();
    expect(decoder.unread.messages).toBe(1);
    decoder.push(Buffer.concat(["b", "c", "d"].map((one) => text(one, compressedFlag))));
    await turn();
    expect(decoder.unread).toMatchObject({ messages: 2, dropped: 2 });
    decoder.push(text("end", END | compressedFlag));
    const read = [inbound.recv(), inbound.recv(), inbound.recv()];
    for (let i = 1; i <= 3; i++) {
      inflations[i]?.resolve();
      await turn();
    }
    expect(await Promise.all(read)).toEqual(["c", "d", undefined]);
    expect(told.end).toBe("end");
    expect(decoder.received).toEqual({ messages: 4, bytes: 4, dropped: 2 });
  });

  it("does not take in what is too large", async () => {
    const { decoder, inbound, told } = create({ maxMessages: 9, whenFull: "drop-oldest" });
    decoder.push(Buffer.concat([text("a"), envelope(Buffer.from("b"), 0, 1_000_001)]));
    expect(told.paused).toBe(true);
    expect(await inbound.recv()).toBe("a");
    expect((await failure(inbound.recv())).rawMessage).toContain("readMaxBytes 1000000");
  });
});
