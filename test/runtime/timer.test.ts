// SPDX-License-Identifier: Apache-2.0
import { expect, it, vi } from "vitest";
import { startTimer } from "../../runtime/src/call/timers.js";
import { MAX_TIMER_MS } from "../../runtime/src/options/timeouts.js";
import { useVirtualTime } from "../support/virtual-time.js";

useVirtualTime();

it.each([-1, 1])("a long timer keeps its time when the system's clock is set, %s year", (years) => {
  const expire = vi.fn();
  startTimer(2 * MAX_TIMER_MS, expire);
  vi.setSystemTime(Date.now() + years * 365 * 24 * 3_600_000);
  vi.advanceTimersByTime(2 * MAX_TIMER_MS - 1);
  expect(expire).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(expire).toHaveBeenCalledOnce();
});

it("a timer that was stopped does not expire, however long it is", () => {
  const expire = vi.fn();
  const stop = startTimer(2 * MAX_TIMER_MS, expire);
  vi.advanceTimersByTime(MAX_TIMER_MS + 1);
  stop();
  vi.advanceTimersByTime(2 * MAX_TIMER_MS);
  expect(expire).not.toHaveBeenCalled();
});
