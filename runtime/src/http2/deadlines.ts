// SPDX-License-Identifier: Apache-2.0
import type { Http2Host } from "./host.js";

/** What a connection has a time limit for. */
export const Deadline = {
  PREFACE: 0,
  SETTINGS_ACK: 1,
  HEADER_BLOCK: 2,
  GOAWAY: 3,
  STALL: 4,
} as const;

const COUNT = 5;

/** The time limits of a connection, on one timer. A limit that is met costs no timer of its own. */
export class Deadlines {
  readonly #host: Http2Host;
  readonly #onExpired: (deadline: number) => void;
  readonly #at: number[] = new Array(COUNT).fill(Number.POSITIVE_INFINITY);
  #timer: unknown;
  #armedFor: number = Number.POSITIVE_INFINITY;

  constructor(host: Http2Host, onExpired: (deadline: number) => void) {
    this.#host = host;
    this.#onExpired = onExpired;
  }

  isSet(deadline: number): boolean {
    return this.#at[deadline] !== Number.POSITIVE_INFINITY;
  }

  /** `deadline` expires in `ms`, unless it is cleared first. */
  set(deadline: number, ms: number): void {
    const at = this.#host.now() + ms;
    this.#at[deadline] = at;
    if (at < this.#armedFor) this.#arm(at, ms);
  }

  clear(deadline: number): void {
    this.#at[deadline] = Number.POSITIVE_INFINITY;
  }

  /** Clears all. */
  stop(): void {
    this.#at.fill(Number.POSITIVE_INFINITY);
    this.#disarm();
  }

  #arm(at: number, ms: number): void {
    this.#disarm();
    this.#armedFor = at;
    this.#timer = this.#host.setTimer(() => this.#expire(), Math.max(1, Math.ceil(ms)));
  }

  #disarm(): void {
    if (this.#armedFor !== Number.POSITIVE_INFINITY) this.#host.clearTimer(this.#timer);
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  #expire(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    const now = this.#host.now();
    this.#at.forEach((at, deadline) => {
      if (at > now) return;
      this.clear(deadline);
      this.#onExpired(deadline);
    });
    const next = Math.min(...this.#at);
    if (next !== Number.POSITIVE_INFINITY) this.#arm(next, next - now);
  }
}
