// SPDX-License-Identifier: Apache-2.0

const TICK_MS = 5;

/**
 * Adds up the time in which this process did not get to run its event loop, because the machine was
 * busy with others: what nobody could have settled a promise in.
 */
export class Stalls {
  readonly #timer: NodeJS.Timeout;
  #lastTick: number = performance.now();
  #stalledMs = 0;

  constructor() {
    this.#timer = setInterval(() => {
      this.#stalledMs = this.sum();
      this.#lastTick = performance.now();
    }, TICK_MS).unref();
  }

  /** Milliseconds until now. */
  sum(): number {
    return this.#stalledMs + Math.max(0, performance.now() - this.#lastTick - TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
