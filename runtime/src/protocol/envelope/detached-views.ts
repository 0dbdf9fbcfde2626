// SPDX-License-Identifier: Apache-2.0
import { keepShape } from "../../shapes.js";

/**
 * How much to copy at once. A copy of each small message would cost as much as parsing it; this
 * is the most that a message of a few bytes can keep alive.
 */
const PAGE_BYTES = 2048;

const nothing = new Uint8Array(0);

/**
 * Views of small copies, for messages that refer to the bytes that they were parsed from: a view
 * of the buffer that Node reads into would keep 64 KiB alive.
 */
export class DetachedViews {
  #source: Uint8Array = nothing;
  #page: Uint8Array = nothing;
  #from = 0;
  #to = 0;

  /** The bytes of `source` from `from` to `to`. Those up to `end` are there, and may be asked for. */
  view(source: Uint8Array, from: number, to: number, end: number): Uint8Array {
    // The message is most of what it keeps alive.
    if ((to - from) * 2 >= source.buffer.byteLength) return source.subarray(from, to);
    if (source !== this.#source || from < this.#from || to > this.#to) {
      this.#source = source;
      this.#from = from;
      this.#to = Math.max(to, Math.min(end, from + PAGE_BYTES));
      this.#page = source.slice(from, this.#to);
    }
    return this.#page.subarray(from - this.#from, to - this.#from);
  }
}

keepShape(new DetachedViews());
