// SPDX-License-Identifier: Apache-2.0
import { MAX_TIMER_MS } from "../../options/timeouts.js";

/** Tells when a connection has had no calls for a time. Calls cost no timer. */
export class IdleLimit {
  readonly #ms: number;
  readonly #onExpired: () => void;
  /** Since when there have been no calls; `undefined`: there are. */
  #since: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number, onExpired: () => void) {
    this.#ms = ms;
    this.#onExpired = onExpired;
  }

  /** There are no calls from now on. */
  begin(): void {
    this.#since = performance.now();
    if (this.#timer === undefined) this.#arm(this.#ms);
  }

  /** There are calls. */
  end(): void {
    this.#since = undefined;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #arm(ms: number): void {
    if (ms <= MAX_TIMER_MS) this.#timer = setTimeout(() => this.#look(), ms).unref();
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#since === undefined) return;
    const left = this.#ms - (performance.now() - this.#since);
    if (left > 0) this.#arm(Math.ceil(left));
    else this.#onExpired();
  }
}
