// SPDX-License-Identifier: Apache-2.0
import type { Code, Transport } from "@connectrpc/connect";
import {
  type Backoff,
  MOST_ATTEMPTS,
  type RetryPolicy,
  retryDefaults,
} from "../../options/retry.js";
import { definedOnly } from "../../options/settings.js";
import { type RetryThrottle, throttleOf } from "./retry-throttle.js";

/** A `RetryPolicy` with all defaults. */
export interface RetrySettings {
  readonly maxAttempts: number;
  readonly backoff: Backoff;
  /** `undefined`: it depends on the RPC. */
  readonly codes: ReadonlySet<Code> | undefined;
  readonly throttle: RetryThrottle | undefined;
  readonly maxBufferBytes: number;
}

/** Fills in the defaults. `undefined`: no retries. */
export function resolveRetry(
  transport: Transport,
  policy: RetryPolicy | false | undefined,
): RetrySettings | undefined {
  if (policy === undefined || policy === false) return undefined;
  const { maxAttempts, retryableCodes, throttling, maxBufferBytes, ...backoff } = {
    ...retryDefaults,
    ...definedOnly(policy),
  };
  return {
    maxAttempts: Math.min(maxAttempts, MOST_ATTEMPTS),
    backoff,
    codes: retryableCodes && new Set(retryableCodes),
    throttle: throttling && throttleOf(transport, throttling),
    maxBufferBytes,
  };
}
