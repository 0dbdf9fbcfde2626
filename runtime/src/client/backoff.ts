// SPDX-License-Identifier: Apache-2.0
import type { Backoff } from "../options/retry.js";

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
