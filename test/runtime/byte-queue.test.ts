// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { ByteQueue } from "../../runtime/src/protocol/envelope/byte-queue.js";

const BUFFER = 64 * 1024;

/** So many bytes in a buffer as Node reads into, which others share. */
function part(length: number, from = 0, buffer: ArrayBuffer = new ArrayBuffer(BUFFER)): Uint8Array {
  return new Uint8Array(buffer, from, length).fill(length % 251);
}

/** The bytes of all buffers that a queue keeps alive. */
function alive(queue: ByteQueue): number {
  const buffers = new Set(queue.pieces().map(({ buffer }) => buffer));
  return [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

describe("what a ByteQueue keeps alive", () => {
  it.each([1, 5, 1023, 1024, 1500, 3000, 9000, 20_000])(
    "pieces of %i bytes, each in a buffer of its own",
    (length) => {
      const queue = new ByteQueue();
      for (let i = 0; i < 200; i++) queue.push(part(length));
      expect(alive(queue)).toBeLessThan(200 * length * 2 + 3 * BUFFER);
      queue.join(queue.length);
      expect(queue.first.subarray(queue.offset).every((byte) => byte === length % 251)).toBe(true);
    },
  );

  it("the first piece keeps its buffer until it has to wait", () => {
    const queue = new ByteQueue();
    const piece = part(100);
    queue.push(piece);
    expect(queue.first).toBe(piece);
    queue.detach();
    expect(alive(queue)).toBe(100);
  });

  it("pieces that fill their buffer are not copied", () => {
    const queue = new ByteQueue();
    const pieces: Uint8Array[] = [];
    for (let i = 0; i < 10; i++) {
      const buffer = new ArrayBuffer(BUFFER);
      for (let from = 0; from < BUFFER; from += BUFFER / 4)
        pieces.push(part(BUFFER / 4, from, buffer));
    }
    for (const piece of pieces) queue.push(piece);
    queue.detach();
    expect(queue.pieces().map(({ buffer }) => buffer)).toEqual(pieces.map(({ buffer }) => buffer));
    expect(queue.pieces().every(({ buffer }, at) => buffer === pieces[at]?.buffer)).toBe(true);
  });

  it("many pieces of one buffer are copied together when another follows", () => {
    const queue = new ByteQueue();
    const buffer = new ArrayBuffer(BUFFER);
    for (let i = 0; i < 5; i++) queue.push(part(2000, i * 2000, buffer));
    expect(alive(queue)).toBe(BUFFER);
    queue.push(part(40_000));
    expect(alive(queue)).toBeLessThan(BUFFER + 5 * 4096 + 1);
    expect(queue.length).toBe(50_000);
  });
});

it("gives back what it got, whatever the pieces and the buffers that they share", () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  for (let round = 0; round < 40; round++) {
    const queue = new ByteQueue();
    let buffer = new ArrayBuffer(BUFFER);
    let from = 0;
    let written = 0;
    let read = 0;
    for (let step = 0; step < 100; step++) {
      const length = random([10, 2000, 20_000][random(3)] ?? 1);
      if (from + length > BUFFER || random(4) === 0) {
        buffer = new ArrayBuffer(BUFFER);
        from = 0;
      }
      const piece = new Uint8Array(buffer, from, length);
      for (let at = 0; at < length; at++) piece[at] = written++ % 253;
      from += length;
      queue.push(piece);
      if (random(3) === 0) queue.detach();
      const count = random(15_000);
      if (random(2) === 0 || !queue.join(count)) continue;
      for (let at = 0; at < count; at++) if (queue.at(at) !== read++ % 253) expect.fail("changed");
      queue.skip(count);
    }
    expect(queue.length).toBe(written - read);
  }
});
