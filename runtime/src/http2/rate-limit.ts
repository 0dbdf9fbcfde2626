// SPDX-License-Identifier: Apache-2.0
import type { Rate } from "./limits.js";

interface Clock {
  now(): number;
}

/** Counts what may happen so many times at once, and then so many times a second. */
export class RateLimit {
  readonly #rate: Rate;
  #left: number;
  /** When it was last filled up; -1: not yet. */
  #since = -1;

  constructor(rate: Rate) {
    this.#rate = rate;
    this.#left = rate.burst;
  }

  /**
   * It has happened. False: too often. `clock` is only asked when the burst is used up: that is when
   * it matters how long it took.
   */
  take(clock: Clock): boolean {
    if (this.#since < 0) this.#since = clock.now();
    if (this.#left < 1) this.#refill(clock.now());
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  /** Makes room for one more. */
  earn(): void {
    if (this.#left < this.#rate.burst) this.#left++;
  }

  #refill(now: number): void {
    const { burst, perSecond } = this.#rate;
    const earned = ((now - this.#since) * perSecond) / 1000;
    this.#left = Math.min(burst, this.#left + earned);
    this.#since = now;
  }
}
