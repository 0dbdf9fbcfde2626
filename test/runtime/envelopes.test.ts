// SPDX-License-Identifier: Apache-2.0
import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { EnvelopeReader } from "../../runtime/src/protocol/envelope/envelope-reader.js";
import { EnvelopeWriter } from "../../runtime/src/protocol/envelope/envelope-writer.js";
import type { Wire } from "../../runtime/src/protocol/wire.js";
import { envelope } from "../support/raw.js";

/** Bytes that tell where they come from. */
function bytes(length: number, seed = length): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff);
}

const sizes = [0, 1, 5, 100, 1019, 1020, 4096, 70_000, 3, 300_000, 0, 2];
const stream = Buffer.concat(sizes.map((size, i) => envelope(bytes(size), i & 1)));

function readAll(reader: EnvelopeReader): { flags: number; data: Uint8Array }[] {
  const envelopes = [];
  for (let next = reader.next(); next; next = reader.next()) envelopes.push(next);
  return envelopes;
}

describe.each([true, false])("EnvelopeReader, detach %s", (detach) => {
  it.each([1, 2, 3, 7, 64, 1000, 16_384, 65_536, stream.length])("pieces of %i bytes", (piece) => {
    const reader = new EnvelopeReader(1_000_000, detach, 0);
    const read: { flags: number; data: Uint8Array }[] = [];
    for (let at = 0; at < stream.length; at += piece) {
      // A piece of a buffer that is then used again would show: each is one of its own.
      reader.push(Uint8Array.from(stream.subarray(at, at + piece)));
      // Not every time, so that some are behind.
      if (at % 3 === 0) read.push(...readAll(reader));
    }
    expect(reader.hasNext || read.length === sizes.length).toBe(true);
    read.push(...readAll(reader));
    expect(read.map(({ flags }) => flags)).toEqual(sizes.map((_, i) => i & 1));
    expect(read.every(({ data }, i) => same(data, bytes(sizes[i] ?? -1)))).toBe(true);
    expect(reader.buffered).toBe(0);
    expect(reader.hasNext).toBe(false);
  });

  it("what was read stays what it was", () => {
    const reader = new EnvelopeReader(1000, detach, 0);
    const kept: Uint8Array[] = [];
    for (let i = 0; i < 500; i++) {
      const bytesOf = envelope(bytes(50, i));
      reader.push(Uint8Array.from(bytesOf.subarray(0, 9)));
      reader.push(Uint8Array.from(bytesOf.subarray(9)));
      kept.push(...readAll(reader).map(({ data }) => data));
    }
    expect(kept.length).toBe(500);
    expect(kept.every((data, i) => same(data, bytes(50, i)))).toBe(true);
  });

  it("refuses what is too large as soon as it is announced", () => {
    const reader = new EnvelopeReader(100, detach, 0);
    reader.push(envelope(bytes(100)));
    expect(reader.next()?.data.length).toBe(100);
    reader.push(envelope(bytes(1), 0, 101).subarray(0, 4));
    expect(reader.hasNext).toBe(false);
    reader.push(envelope(bytes(1), 0, 101).subarray(4, 5));
    expect(reader.hasNext).toBe(true);
    expect(() => reader.next()).toThrow(
      expect.objectContaining({ code: Code.ResourceExhausted }) as Error,
    );
    const unsigned = new EnvelopeReader(0xffffffff, detach, 0);
    unsigned.push(envelope(bytes(1), 0, 0xfffffffe));
    expect(unsigned.hasNext).toBe(false);
    expect(unsigned.next()).toBeUndefined();
  });

  it("counts what waits, to the envelope that ends the stream", () => {
    const reader = new EnvelopeReader(1000, detach, 2);
    expect(reader.count.messages).toBe(0);
    reader.push(Buffer.concat([envelope(bytes(10)), envelope(bytes(20), 1)]));
    const counts = () => [reader.count.messages, reader.count.bytes, reader.peekEnd()?.data.length];
    expect(counts()).toEqual([2, 30, undefined]);
    reader.push(Buffer.concat([envelope(bytes(7), 2), envelope(bytes(9))]));
    expect(counts()).toEqual([2, 30, 7]);
    expect(same(reader.peekEnd()?.data, bytes(7))).toBe(true);
    reader.next();
    expect(counts()).toEqual([1, 20, 7]);
    reader.next();
    expect(same(reader.next()?.data, bytes(7))).toBe(true);
    expect(reader.peekEnd()).toBeUndefined();
    expect(readAll(reader).length).toBe(1);
  });

  it.each([1, 2, 3, 7, 64, 1000])("counts while pieces of %i bytes arrive", (piece) => {
    const short = stream.subarray(0, 20_000);
    // Asked from the start, or when something waits already.
    for (const from of [0, 10_000]) {
      const reader = new EnvelopeReader(1_000_000, detach, 0);
      const seen: number[] = [];
      for (let at = 0; at < short.length; at += piece) {
        reader.push(Uint8Array.from(short.subarray(at, at + piece)));
        if (at >= from) seen.push(reader.count.messages);
        if (at % 5 === 0) reader.next();
      }
      const { messages, bytes: counted } = reader.count;
      const read = readAll(reader);
      expect(Math.max(...seen)).toBeLessThan(sizes.length);
      expect(messages).toBe(read.length);
      expect(counted).toBe(read.reduce((sum, { data }) => sum + data.length, 0));
      expect([reader.count.messages, reader.count.bytes]).toEqual([0, 0]);
    }
  });

  it("an envelope that is too large is known when it is announced, wherever it is", () => {
    const reader = new EnvelopeReader(100, detach, 0);
    reader.push(envelope(bytes(10)));
    reader.push(envelope(bytes(1), 0, 101));
    expect([reader.count.messages, reader.count.tooLarge]).toEqual([1, true]);
  });

  it("forgets", () => {
    const reader = new EnvelopeReader(1000, detach, 0);
    reader.push(envelope(bytes(10)).subarray(0, 8));
    reader.drop();
    expect(reader.buffered).toBe(0);
    reader.push(envelope(bytes(3)));
    expect(reader.next()?.data.length).toBe(3);
  });
});

describe("EnvelopeWriter", () => {
  class TestWire implements Wire {
    readonly writes: Uint8Array[] = [];
    readonly tasks: (() => void)[] = [];
    open = true;
    write(pieces: readonly Uint8Array[]): boolean {
      this.writes.push(Buffer.concat(pieces));
      return this.open;
    }
    allocate(length: number): Uint8Array {
      return new Uint8Array(length).fill(0xaa);
    }
    defer<T>(task: (of: T) => void, of: T): void {
      this.tasks.push(() => task(of));
    }
    pause(): void {}
    resume(): void {}
    turn(): void {
      for (const task of this.tasks.splice(0)) task();
    }
  }

  it("gathers the envelopes of a turn into one write", () => {
    const wire = new TestWire();
    const writer = new EnvelopeWriter();
    writer.attach(wire);
    for (const size of [10, 0, 20]) writer.write({ flags: size, data: bytes(size) });
    expect(wire.writes.length).toBe(0);
    expect(wire.tasks.length).toBe(1);
    wire.turn();
    const expected = Buffer.concat([10, 0, 20].map((size) => envelope(bytes(size), size)));
    expect(wire.writes.length).toBe(1);
    expect(same(wire.writes[0], expected)).toBe(true);
    writer.write({ flags: 0, data: bytes(1) });
    wire.turn();
    expect(wire.writes.length).toBe(2);
  });

  it("writes envelopes of all sizes as they are", () => {
    const wire = new TestWire();
    const writer = new EnvelopeWriter();
    writer.attach(wire);
    sizes.forEach((size, i) => {
      writer.write({ flags: i & 1, data: bytes(size) });
      if (i % 4 === 3) wire.turn();
    });
    wire.turn();
    expect(same(Buffer.concat(wire.writes), stream)).toBe(true);
  });

  it("does not gather without limit, and passes on that the wire is full", () => {
    const wire = new TestWire();
    wire.open = false;
    const writer = new EnvelopeWriter();
    writer.attach(wire);
    let written = 0;
    while (writer.write({ flags: 0, data: bytes(1000) })) {
      written++;
      expect(written).toBeLessThan(1000);
    }
    expect(writer.write({ flags: 0, data: bytes(1) })).toBe(false);
    wire.open = true;
    writer.drained();
    expect(writer.write({ flags: 0, data: bytes(1) })).toBe(true);
  });

  it("keeps what comes before the wire does, and drops what it is told to", () => {
    const wire = new TestWire();
    const writer = new EnvelopeWriter();
    writer.write({ flags: 0, data: bytes(5) });
    writer.attach(wire);
    wire.turn();
    expect(same(wire.writes[0], envelope(bytes(5)))).toBe(true);
    writer.write({ flags: 0, data: bytes(5) });
    writer.drop();
    wire.turn();
    expect(wire.writes.length).toBe(1);
  });
});

function same(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0;
}
