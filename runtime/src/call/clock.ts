// SPDX-License-Identifier: Apache-2.0
import { startTimer } from "./timers.js";

/** The time that a call lives in. Tests of handlers bring their own. */
export interface Clock {
  /** Milliseconds since some moment. They never go back. */
  now(): number;
  /** Calls `expire` once, after `ms` milliseconds. Returns how to stop it. */
  startTimer(ms: number, expire: () => void): () => void;
}

/** Real time. Not the clock of the system, which may be set meanwhile. */
export const realClock: Clock = { now: () => performance.now(), startTimer };
