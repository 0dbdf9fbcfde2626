// SPDX-License-Identifier: Apache-2.0
import { MAX_TIMER_MS } from "../options/max-timer.js";

/**
 * Calls `expire` once, after `ms` milliseconds, however many. Returns how to stop it. The clock of
 * the system may be set meanwhile, so it is not asked.
 */
export function startTimer(ms: number, expire: () => void): () => void {
  const end = performance.now() + ms;
  let timer: ReturnType<typeof setTimeout>;
  const arm = (left: number) => {
    timer =
      left > MAX_TIMER_MS
        ? setTimeout(() => arm(end - performance.now()), MAX_TIMER_MS)
        : setTimeout(expire, Math.max(left, 0));
  };
  arm(ms);
  return () => clearTimeout(timer);
}
