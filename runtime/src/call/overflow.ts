// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";
import type { Bounds, Held } from "./bounds.js";
import { nextMacrotask } from "./macrotask.js";

/** A queue of what has arrived, which holds nobody back. */
export interface Overflowing {
  readonly unread: Held;
  /** No more will come than there is. */
  readonly complete: boolean;
  dropOldest(): void;
  overflow(error: ConnectError): void;
}

/**
 * Holds a queue to its bounds at the end of each turn of the event loop: whoever reads as fast as
 * they can may take in it whatever has arrived together. A queue that is complete is left alone.
 */
export class Overflow {
  readonly #bounds: Bounds;
  readonly #queue: Overflowing;
  /** The end of this turn is being waited for. */
  #due = false;

  /** `bounds` hold nobody back. */
  constructor(bounds: Bounds, queue: Overflowing) {
    this.#bounds = bounds;
    this.#queue = queue;
  }

  /** The queue holds more than before. */
  onGrow(): void {
    if (this.#due || !this.#bounds.over(this.#queue.unread)) return;
    this.#due = true;
    nextMacrotask(() => this.#hold());
  }

  #hold(): void {
    const bounds = this.#bounds;
    const queue = this.#queue;
    this.#due = false;
    while (!queue.complete && bounds.over(queue.unread)) {
      if (bounds.whenFull === "fail") return queue.overflow(bounds.overflow(queue.unread));
      queue.dropOldest();
    }
  }
}
