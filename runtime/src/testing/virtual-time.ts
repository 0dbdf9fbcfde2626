// SPDX-License-Identifier: Apache-2.0
import { nextMacrotask } from "../call/macrotask.js";

interface Timer {
  readonly due: number;
  readonly expire: () => void;
}

/**
 * Turns of the event loop in which a handler that waits for nothing but its stream comes to rest.
 * One would do, but streams behind interceptors take two more to believe that a request has ended.
 */
const TURNS_TO_REST = 4;

/** The time of one call, in milliseconds. It stands still until a test moves it. */
export class VirtualTime {
  readonly #timers = new Set<Timer>();
  now = 0;

  /** Calls `expire` once, when `ms` milliseconds have passed. Returns how to stop that. */
  after(ms: number, expire: () => void): () => void {
    const timer = { due: this.now + Math.max(ms, 0), expire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves on, from timer to timer, and lets what hears of each come to rest. */
  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    await atRest();
    for (let timer = this.#next(end); timer; timer = this.#next(end)) {
      this.now = timer.due;
      this.#timers.delete(timer);
      timer.expire();
      await atRest();
    }
    this.now = end;
  }

  /** The first timer that is due by `end`; the older of two that are due at once. */
  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= end && (!first || timer.due < first.due)) first = timer;
    }
    return first;
  }
}

/** Resolves when all that could run has run: what is left waits for time, a peer, or the world. */
export async function atRest(): Promise<void> {
  for (let i = 0; i < TURNS_TO_REST; i++)
    await new Promise<void>((resolve) => nextMacrotask(resolve));
}
