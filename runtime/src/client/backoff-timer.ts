// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { EndedBy } from "../api/outcome.js";
import { abortError, onAbort } from "../call/abort.js";
import { startTimer } from "../call/timers.js";

/** What ends a call, all its attempts together. */
export interface CallLimits {
  readonly signal: AbortSignal | undefined;
  /** In milliseconds of `performance.now`; infinite if there is none. */
  readonly deadline: number;
}

/** The limits of a call that starts now. A time of 0 or less is none, as with Connect. */
export function limitsFrom(
  signal: AbortSignal | undefined,
  timeoutMs: number | undefined,
): CallLimits {
  const limited = timeoutMs !== undefined && timeoutMs > 0;
  return { signal, deadline: limited ? performance.now() + timeoutMs : Number.POSITIVE_INFINITY };
}

/** What is left of the time of a call, for one more attempt; `asked` if that was no limit. */
export function timeLeft({ deadline }: CallLimits, asked: number | undefined): number | undefined {
  if (deadline === Number.POSITIVE_INFINITY) return asked;
  // Never 0 or less, which would be none; Connect-Node sends it as it is, and servers want it whole.
  return Math.max(Math.ceil(deadline - performance.now()), 1);
}

/** What becomes of a pause. */
export interface PauseEvents {
  onOver(): void;
  /** A limit of the call came first. */
  onGiveUp(error: ConnectError, by: EndedBy): void;
}

/** Waits between two attempts of a call; `cause` is why. Returns how to stop it. */
export function pause(
  delayMs: number,
  { signal, deadline }: CallLimits,
  cause: ConnectError | undefined,
  events: PauseEvents,
): () => void {
  const left = deadline - performance.now();
  const late = left <= delayMs;
  const stopTimer = startTimer(late ? left : delayMs, () => {
    stop();
    if (late) events.onGiveUp(expired(cause), "deadline");
    else events.onOver();
  });
  const onSignal = () => {
    stop();
    if (signal) events.onGiveUp(abortError(signal), "client");
  };
  const stopWatching = signal && onAbort(signal, onSignal);
  const stop = () => {
    stopTimer();
    stopWatching?.();
  };
  if (signal?.aborted) onSignal();
  return stop;
}

function expired(cause: ConnectError | undefined): ConnectError {
  const code = Code.DeadlineExceeded;
  return new ConnectError("the operation timed out", code, undefined, undefined, cause);
}
