// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { StreamTimeouts } from "../options/timeouts.js";
import { type Clock, realClock } from "./clock.js";
import type { Progress } from "./progress.js";

/** A call, as its limits of time need it. */
export interface TimedCall {
  progress(): Progress;
  /** Ends the call with `error`: its time is up. */
  expire(error: ConnectError): void;
}

/**
 * How often a limit looks whether the call has moved. Messages pay nothing for being watched; a
 * limit that is passed is noticed up to one look late. Looks and not the clock are counted: a
 * process that slept has read nothing in that time either.
 */
const LOOKS = 8;

/** Starts all limits but that of a single `recv`. Returns how to stop them. */
export function startTimeouts(
  call: TimedCall,
  timeouts: StreamTimeouts,
  { startTimer }: Clock = realClock,
): () => void {
  const { firstMessageMs, idleMs, sendMs, maxAgeMs } = timeouts;
  const stops: (() => void)[] = [];
  const stop = () => {
    for (const one of stops.splice(0)) one();
  };
  const end = (message: string, code: Code = Code.DeadlineExceeded) => {
    stop();
    call.expire(new ConnectError(message, code));
  };
  if (firstMessageMs !== undefined) {
    const expire = () => {
      if (call.progress().received === 0) end(`no first message within ${firstMessageMs} ms`);
    };
    stops.push(startTimer(firstMessageMs, expire));
  }
  if (idleMs !== undefined) {
    stops.push(
      whenStill(startTimer, idleMs, call, moved, () => end(`no message for ${idleMs} ms`)),
    );
  }
  if (sendMs !== undefined) {
    const expire = () => end(`send timed out after ${sendMs} ms: the other side does not read`);
    stops.push(whenStill(startTimer, sendMs, call, ({ waiting }) => waiting, expire));
  }
  if (maxAgeMs !== undefined) {
    const message = `the stream has reached its maximum age of ${maxAgeMs} ms: reconnect`;
    stops.push(startTimer(maxAgeMs, () => end(message, Code.Unavailable)));
  }
  return stop;
}

/** Grows with each message sent, received or read. */
function moved({ sent, received, taken }: Progress): number {
  return sent + received + taken;
}

/** Calls `expire` once `mark` has been the same for `ms` milliseconds, and not `undefined`. */
function whenStill(
  startTimer: Clock["startTimer"],
  ms: number,
  call: TimedCall,
  mark: (progress: Progress) => unknown,
  expire: () => void,
): () => void {
  const looks = Math.min(LOOKS, ms);
  let last = mark(call.progress());
  let still = 0;
  const look = () => {
    const current = mark(call.progress());
    still = current === last && current !== undefined ? still + 1 : 0;
    last = current;
    if (still >= looks) expire();
    else stop = startTimer(ms / looks, look);
  };
  let stop = startTimer(ms / looks, look);
  return () => stop();
}
