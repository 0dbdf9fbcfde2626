// SPDX-License-Identifier: Apache-2.0
import { afterTwoMacrotasks } from "../../call/macrotask.js";

/**
 * How long a client that does not read, or does not stop sending, is waited for once its call has
 * ended. Long enough for a round trip round the world, short enough not to pile up.
 */
export const LINGER_MS = 2000;

/**
 * How long after the end of a response a client that still sends is told to stop, in milliseconds: by
 * then it has read the end, and most have stopped by themselves. Node's clients from 22 on lose what
 * they have not read of a response when the reset comes right behind it.
 */
export const STOP_DELAY_MS = 100;

/** Tells the end of a request later, so that a reset that follows it is seen first. */
export function delayHalfClose(graceMs: number, tell: () => void): void {
  if (graceMs > 0) setTimeout(tell, graceMs);
  else afterTwoMacrotasks(tell);
}
