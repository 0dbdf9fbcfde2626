// SPDX-License-Identifier: Apache-2.0
import { PieceQueue } from "./piece-queue.js";

/** Small parts are gathered in pieces of this size at least and at most. */
const FIRST_GATHERED_BYTES = 512;
const MAX_GATHERED_BYTES: number = 16 * 1024;

/**
 * What a paused stream has received, without what came around it. A part of a larger buffer is
 * copied, or it would keep all of it in memory: a socket's buffer has 64 KiB, and a piece of a message
 * may have one. Small parts are gathered, since each buffer of its own costs more than one byte, too.
 */
export class HeldData {
  readonly #pieces = new PieceQueue();
  /** Where small parts go, and how many bytes of it have come. */
  #gathered: Uint8Array | undefined;
  #gatheredBytes = 0;

  get isEmpty(): boolean {
    return this.#pieces.length === 0 && this.#gatheredBytes === 0;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length >= MAX_GATHERED_BYTES) {
      this.#seal();
      this.#pieces.push(detach(bytes, start, end));
      return;
    }
    const room = (this.#gathered?.length ?? 0) - this.#gatheredBytes;
    if (length > room) this.#seal();
    this.#gathered ??= new Uint8Array(Math.max(length, this.#gatheredSize()));
    this.#gathered.set(bytes.subarray(start, end), this.#gatheredBytes);
    this.#gatheredBytes += length;
  }

  /** The oldest piece. Each is taken once. */
  shift(): Uint8Array | undefined {
    if (this.#pieces.length === 0) this.#seal();
    return this.#pieces.shift();
  }

  #gatheredSize(): number {
    return Math.min(MAX_GATHERED_BYTES, FIRST_GATHERED_BYTES << Math.min(5, this.#pieces.length));
  }

  #seal(): void {
    if (this.#gathered && this.#gatheredBytes > 0) {
      this.#pieces.push(this.#gathered.subarray(0, this.#gatheredBytes));
    }
    this.#gathered = undefined;
    this.#gatheredBytes = 0;
  }
}

/** Bytes for keeping: as they are if they are most of their buffer, else copied. */
function detach(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const part = bytes.subarray(start, end);
  // Not `slice`: that of Node's buffers does not copy.
  return 2 * part.length >= bytes.buffer.byteLength ? part : new Uint8Array(part);
}
