// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { type Clock, realClock } from "../call/clock.js";

/**
 * How much earlier than here, in milliseconds, a deadline may pass at the client, whose time began
 * to run sooner. A client that cancels in this time is out of time, and not out of interest.
 */
const MAX_DEADLINE_SKEW_MS = 100;

/** When the deadline of a call may have passed at its client, though not yet here. */
export class DeadlineSkew {
  readonly #clock: Clock;
  readonly #lateFrom: number;

  /** `timeoutMs`: what is left now; `undefined`: the call has no deadline. */
  constructor(timeoutMs: number | undefined, clock: Clock = realClock) {
    this.#clock = clock;
    this.#lateFrom =
      timeoutMs === undefined
        ? Number.POSITIVE_INFINITY
        : clock.now() + timeoutMs - Math.min(Math.max(timeoutMs, 0) / 2, MAX_DEADLINE_SKEW_MS);
  }

  /** Why a call ended whose client is gone: `reason`, or that its time is up. */
  explain(reason: ConnectError): ConnectError {
    const late = reason.code === Code.Canceled && this.#clock.now() >= this.#lateFrom;
    return late ? timedOut() : reason;
  }
}

export function timedOut(): ConnectError {
  return new ConnectError("the operation timed out", Code.DeadlineExceeded);
}
