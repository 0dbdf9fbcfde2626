// SPDX-License-Identifier: Apache-2.0

import { assertNumber } from "../options/settings.js";
import { MAX_TIMER_MS } from "../options/timeouts.js";

/** How waits grow. */
export interface Backoff {
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly backoffMultiplier: number;
}

/**
 * Waits differ by up to 20 %, so that clients that failed together do not come back together.
 * https://github.com/grpc/proposal/blob/master/A6-client-retries.md#exponential-backoff
 */
const JITTER = 0.2;

/** Milliseconds to wait after so many waits before. */
export function backoffMs(backoff: Backoff, waits: number): number {
  const { initialBackoffMs, maxBackoffMs, backoffMultiplier } = backoff;
  const steady = Math.min(initialBackoffMs * backoffMultiplier ** waits, maxBackoffMs);
  return steady * (1 + JITTER * (2 * Math.random() - 1));
}

/** Fills in `defaults`. Throws a `RangeError`, which begins with `where`, for invalid values. */
export function resolveBackoff(
  where: string,
  options: { [K in keyof Backoff]?: number },
  defaults: Backoff,
): Backoff {
  const { initialBackoffMs = defaults.initialBackoffMs, maxBackoffMs = defaults.maxBackoffMs } =
    options;
  const { backoffMultiplier = defaults.backoffMultiplier } = options;
  assertNumber(`${where}.initialBackoffMs`, initialBackoffMs, 1, MAX_TIMER_MS);
  assertNumber(`${where}.maxBackoffMs`, maxBackoffMs, 1, MAX_TIMER_MS);
  assertNumber(`${where}.backoffMultiplier`, backoffMultiplier, Number.MIN_VALUE, 1000);
  return { initialBackoffMs, maxBackoffMs, backoffMultiplier };
}
