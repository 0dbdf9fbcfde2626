// SPDX-License-Identifier: Apache-2.0

/**
 * Pieces smaller than this that follow each other are collected in one: as objects of their own
 * they would take more memory than their bytes do.
 */
const SMALL_BYTES = 1024;

/** How much memory to take at once for small pieces. */
const COLLECT_BYTES = 4096;

/** The first bytes are copied at once if they are less than this part of their buffer: that costs little. */
const DETACH_RATIO = 8;

const nothing = new Uint8Array(0);

/** The later pieces of a queue that has none: never added to. */
const none: Uint8Array[] = [];

/**
 * Bytes in the order they came, in the pieces they came in. They are copied only to join what has to
 * be in one piece, and so that a little that waits does not keep alive a lot: sockets are read into
 * buffers of 64 KiB, which connections and their streams share. What was handed out as a view is
 * never overwritten.
 */
export class ByteQueue {
  /** The first piece, and how much of it has been taken. */
  #first: Uint8Array = nothing;
  #taken = 0;
  #later: Uint8Array[] = none;
  #laterBytes = 0;
  /** How many of the last pieces are views of one buffer. */
  #run = 0;
  /** Where small pieces are collected, and how much of it is in use. */
  #collected: Uint8Array = nothing;
  #collectedBytes = 0;

  /** Bytes that have not been taken. */
  get length(): number {
    return this.#first.byteLength - this.#taken + this.#laterBytes;
  }

  /** Behind another, a piece waits. The first is left as it is, until `detach`. */
  push(piece: Uint8Array): void {
    if (piece.byteLength === 0) return;
    if (this.length === 0) {
      this.#first = piece;
      this.#taken = 0;
      return;
    }
    const last = this.#later.at(-1) ?? this.#first;
    const small = Math.max(piece.byteLength, last.byteLength) < SMALL_BYTES;
    if (small || piece.buffer !== last.buffer) this.#closeRun(last.buffer);
    if (small) {
      this.#collect(piece);
    } else {
      this.#append(piece);
      this.#run++;
    }
    this.#laterBytes += piece.byteLength;
  }

  /** The first bytes wait for others: they keep alive a large buffer only if they are much of it. */
  detach(): void {
    const held = this.#first.byteLength - this.#taken;
    if (held > 0 && held * DETACH_RATIO < this.#first.buffer.byteLength) this.#copyFirst();
  }

  /** Joins pieces until the first `count` bytes are in one. False: there are fewer. */
  join(count: number): boolean {
    const held = this.#first.byteLength - this.#taken;
    if (held >= count) return true;
    if (this.length < count) return false;
    const joined = new Uint8Array(count);
    joined.set(this.#first.subarray(this.#taken));
    for (let at = held; at < count; ) at += this.#moveTo(joined, at);
    this.#first = joined;
    this.#taken = 0;
    return true;
  }

  /** One byte of those that `join` has put in one piece. */
  at(index: number): number {
    return this.#first[this.#taken + index] ?? 0;
  }

  /** The piece that the first bytes are in. */
  get first(): Uint8Array {
    return this.#first;
  }

  /** Where in `first` they begin. */
  get offset(): number {
    return this.#taken;
  }

  /** All bytes, in the pieces that they are in now. */
  pieces(): readonly Uint8Array[] {
    return [this.#first.subarray(this.#taken), ...this.#later];
  }

  /** Takes bytes that are in one piece. */
  skip(count: number): void {
    this.#taken += count;
    if (this.#taken < this.#first.byteLength) return;
    const next = this.#later.shift();
    if (!next) return this.clear();
    this.#first = next;
    this.#taken = 0;
    this.#laterBytes -= next.byteLength;
  }

  /** Forgets everything. */
  clear(): void {
    this.#first = nothing;
    this.#taken = 0;
    this.#later = none;
    this.#laterBytes = 0;
    this.#run = 0;
    this.#collected = nothing;
    this.#collectedBytes = 0;
  }

  /** Moves what fits of the next piece into `target`, and tells how much. */
  #moveTo(target: Uint8Array, at: number): number {
    const piece = this.#later.shift() ?? nothing;
    const part = piece.subarray(0, target.byteLength - at);
    target.set(part, at);
    this.#laterBytes -= part.byteLength;
    if (part.byteLength < piece.byteLength) this.#later.unshift(piece.subarray(part.byteLength));
    return part.byteLength;
  }

  /** No more pieces of `buffer` follow. If those that wait are little of it, they are copied. */
  #closeRun(buffer: ArrayBufferLike): void {
    const run = this.#later.slice(Math.max(0, this.#later.length - this.#run));
    this.#run = 0;
    const ofFirst = this.#first.buffer === buffer ? this.#first.byteLength - this.#taken : 0;
    const bytes = run.reduce((sum, piece) => sum + piece.byteLength, ofFirst);
    if (bytes * 2 >= buffer.byteLength) return;
    if (ofFirst > 0) this.#copyFirst();
    this.#later.length -= run.length;
    for (const piece of run) {
      if (piece.byteLength * 2 > COLLECT_BYTES) this.#append(piece.slice());
      else this.#collect(piece);
    }
  }

  #append(piece: Uint8Array): void {
    if (this.#later === none) this.#later = [piece];
    else this.#later.push(piece);
  }

  #copyFirst(): void {
    this.#first = this.#first.slice(this.#taken);
    this.#taken = 0;
  }

  /** Puts a small piece where the one before it is, if there is room. */
  #collect(piece: Uint8Array): void {
    const fits = this.#collectedBytes + piece.byteLength <= this.#collected.byteLength;
    const page = fits ? this.#collected : new Uint8Array(COLLECT_BYTES);
    const from = fits ? this.#collectedBytes : 0;
    const to = from + piece.byteLength;
    page.set(piece, from);
    this.#collected = page;
    this.#collectedBytes = to;
    const last = this.#later.at(-1);
    const follows = last?.buffer === page.buffer && last.byteOffset + last.byteLength === from;
    if (last && follows) this.#later[this.#later.length - 1] = page.subarray(last.byteOffset, to);
    else this.#append(page.subarray(from, to));
  }
}
