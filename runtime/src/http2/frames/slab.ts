// SPDX-License-Identifier: Apache-2.0

/** Bytes of a slab. What one flush leaves is used by the next. */
const SLAB_BYTES: number = 64 * 1024;

/**
 * Memory into which frames are written: one piece for many flushes of many connections, since what
 * has been handed to a socket must stay as it is until it has left. A process needs one.
 */
export class Slab {
  /** Memory in use, and from where on it is free. */
  bytes: Uint8Array;
  free = 0;
  readonly #allocate: (bytes: number) => Uint8Array;

  /** `allocate` makes memory with anything in it. */
  constructor(allocate: (bytes: number) => Uint8Array) {
    this.#allocate = allocate;
    this.bytes = new Uint8Array(0);
  }

  /** Provides for as many bytes in one piece, in new memory if need be. */
  reserve(bytes: number): void {
    if (this.bytes.length - this.free >= bytes) return;
    this.bytes = this.#allocate(Math.max(SLAB_BYTES, bytes));
    this.free = 0;
  }
}
