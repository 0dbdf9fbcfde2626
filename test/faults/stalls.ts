// SPDX-License-Identifier: Apache-2.0

const TICK_MS = 5;

/**
 * Notes the time in which this process did not get to run its event loop, because the machine was
 * busy with others: what nobody could have settled a promise in.
 */
export class Stalls {
  readonly #timer: NodeJS.Timeout;
  readonly #stalls: { readonly from: number; readonly to: number }[] = [];
  #lastTick: number = performance.now();

  constructor() {
    this.#timer = setInterval(() => {
      const stall = this.#current();
      if (stall.to > stall.from) this.#stalls.push(stall);
      this.#lastTick = performance.now();
    }, TICK_MS).unref();
  }

  /** How many milliseconds of the time since `since`, by `performance.now`, that was. */
  since(since: number): number {
    return [...this.#stalls, this.#current()].reduce(
      (sum, { from, to }) => sum + Math.max(0, to - Math.max(from, since)),
      0,
    );
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** From when the next tick was due. */
  #current(): { from: number; to: number } {
    return { from: this.#lastTick + TICK_MS, to: performance.now() };
  }
}
