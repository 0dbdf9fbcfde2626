// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";
import type { EndedBy } from "../api/outcome.js";
import { type Clock, realClock } from "../call/clock.js";
import type { Progress } from "../call/progress.js";
import { startTimeouts, type TimedCall } from "../call/timeouts.js";
import type { StreamTimeouts } from "../options/timeouts.js";
import { DeadlineSkew, timedOut } from "./deadline-skew.js";
import { LINGER_MS } from "./half-close.js";

/** What timers end. */
export interface TimedServerCall {
  progress(): Progress;
  abort(error: ConnectError, by?: EndedBy): void;
}

/** What ends a call in time: its deadline, its limits, and the patience of a server that stops. */
export class CallTimers implements TimedCall {
  readonly #call: TimedServerCall;
  readonly #clock: Clock;
  #skew: DeadlineSkew | undefined;
  #stopDeadline: (() => void) | undefined;
  #stopTimeouts: (() => void) | undefined;
  #stopLinger: (() => void) | undefined;

  constructor(call: TimedServerCall, clock: Clock = realClock) {
    this.#call = call;
    this.#clock = clock;
  }

  /** The call may take so many milliseconds from now on. */
  startDeadline(ms: number): void {
    this.#skew = new DeadlineSkew(ms, this.#clock);
    this.#stopDeadline = this.#clock.startTimer(ms, () => this.expire(timedOut()));
  }

  startTimeouts(timeouts: StreamTimeouts): void {
    this.#stopTimeouts = startTimeouts(this, timeouts, this.#clock);
  }

  /** Ends the call with `error`, unless it ends by itself soon. */
  startLinger(error: ConnectError): void {
    this.#stopLinger ??= this.#clock.startTimer(LINGER_MS, () => this.#call.abort(error));
  }

  /** Why a call ended whose client is gone: `reason`, or that its time is up. */
  explain(reason: ConnectError): ConnectError {
    return this.#skew?.explain(reason) ?? reason;
  }

  progress(): Progress {
    return this.#call.progress();
  }

  expire(error: ConnectError): void {
    this.#call.abort(error, "deadline");
  }

  stop(): void {
    this.#stopDeadline?.();
    this.#stopTimeouts?.();
    this.#stopLinger?.();
  }
}
