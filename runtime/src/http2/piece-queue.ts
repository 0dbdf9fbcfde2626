// SPDX-License-Identifier: Apache-2.0
import { keepShape } from "../shapes.js";

/** Pieces that have been taken stay in the array until there are this many of them, and half of all. */
const MIN_TAKEN = 32;

/** Pieces of data in order. One that has been taken is not kept, however many follow. */
export class PieceQueue {
  #pieces: (Uint8Array | undefined)[] = [];
  #at = 0;

  get length(): number {
    return this.#pieces.length - this.#at;
  }

  push(piece: Uint8Array): void {
    this.#pieces.push(piece);
  }

  /** Takes the oldest. */
  shift(): Uint8Array | undefined {
    if (this.#at === this.#pieces.length) return undefined;
    const piece = this.#pieces[this.#at];
    this.#pieces[this.#at++] = undefined;
    if (this.#at === this.#pieces.length) this.#drop();
    else if (this.#at >= MIN_TAKEN && 2 * this.#at >= this.#pieces.length) this.#drop();
    return piece;
  }

  #drop(): void {
    if (this.#at === this.#pieces.length) this.#pieces.length = 0;
    else this.#pieces.splice(0, this.#at);
    this.#at = 0;
  }
}

keepShape(new PieceQueue());
