// SPDX-License-Identifier: Apache-2.0
import { MAX_TIMER_MS } from "../stream/settle.js";

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

/** Fills in `defaults`. Throws a `RangeError`, which begins with `where`, for what cannot be. */
export function resolveBackoff(
  where: string,
  options: { [K in keyof Backoff]?: number },
  defaults: Backoff,
): Backoff {
  const { initialBackoffMs = defaults.initialBackoffMs, maxBackoffMs = defaults.maxBackoffMs } =
    options;
  const { backoffMultiplier = defaults.backoffMultiplier } = options;
  between(`${where}.initialBackoffMs`, initialBackoffMs, 1, MAX_TIMER_MS);
  between(`${where}.maxBackoffMs`, maxBackoffMs, 1, MAX_TIMER_MS);
  between(`${where}.backoffMultiplier`, backoffMultiplier, Number.MIN_VALUE, 1000);
  return { initialBackoffMs, maxBackoffMs, backoffMultiplier };
}

/** `value`, or a `RangeError` that names the option. */
export function between(name: string, value: number, min: number, max: number): number {
  if (typeof value === "number" && value >= min && value <= max) return value;
  const from = min === Number.MIN_VALUE ? "more than 0" : `at least ${min}`;
  throw new RangeError(`${name} must be a number, ${from} and at most ${max}, not ${value}`);
}

/** The same for whole numbers. */
export function wholeBetween(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value)) return between(name, value, min, max);
  throw new RangeError(`${name} must be a whole number of at least ${min}, not ${value}`);
}
