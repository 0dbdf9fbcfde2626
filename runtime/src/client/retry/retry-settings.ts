// SPDX-License-Identifier: Apache-2.0
import { Code, type Transport } from "@connectrpc/connect";
import type { RetryPolicy } from "../../options/retry.js";
import { assertInteger, assertKnownKeys, invalidOption } from "../../options/settings.js";
import { type Backoff, resolveBackoff } from "../backoff.js";
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

/** Tries of one call, by default: the number of gRPC's examples. */
const DEFAULT_MAX_ATTEMPTS = 4;

/** https://github.com/grpc/proposal/blob/master/A6-client-retries.md#limits-on-retries-and-hedges */
const MOST_ATTEMPTS = 5;

/** Those of gRPC's examples. */
const defaultBackoff: Backoff = { initialBackoffMs: 100, maxBackoffMs: 1000, backoffMultiplier: 2 };

/** About what HTTP/2 windows and Node's buffers hold of a stream. */
const DEFAULT_BUFFER_BYTES = 256 * 1024;

const known: readonly (keyof RetryPolicy)[] = [
  "maxAttempts",
  "initialBackoffMs",
  "maxBackoffMs",
  "backoffMultiplier",
  "retryableCodes",
  "throttling",
  "maxBufferBytes",
];

/** Fills in the defaults. Throws a `RangeError` for invalid values. `undefined`: no retries. */
export function resolveRetry(
  transport: Transport,
  policy: RetryPolicy | false | undefined,
): RetrySettings | undefined {
  if (policy === undefined || policy === false) return undefined;
  assertKnownKeys("retry", policy, known, "false");
  const { maxAttempts = DEFAULT_MAX_ATTEMPTS, retryableCodes, throttling } = policy;
  const { maxBufferBytes = DEFAULT_BUFFER_BYTES } = policy;
  if (Number.isInteger(maxAttempts) && maxAttempts < 2) throw tooFewAttempts(maxAttempts);
  assertInteger("retry.maxAttempts", maxAttempts, 2, Number.MAX_SAFE_INTEGER);
  return {
    maxAttempts: Math.min(maxAttempts, MOST_ATTEMPTS),
    backoff: resolveBackoff("retry", policy, defaultBackoff),
    codes:
      retryableCodes === undefined ? undefined : codesOf("retry.retryableCodes", retryableCodes),
    throttle: throttling === undefined ? undefined : throttleOf(transport, throttling),
    maxBufferBytes: assertInteger("retry.maxBufferBytes", maxBufferBytes, 0, 2 ** 31),
  };
}

/** `codes` as a set. Throws a `RangeError` if there are none, or if one does not exist. */
export function codesOf(name: string, codes: readonly Code[]): ReadonlySet<Code> {
  if (!Array.isArray(codes)) throw invalidOption(name, "a list of codes", codes);
  if (codes.length === 0) {
    throw new RangeError(`${name} must name a code; leave it out for the default`);
  }
  for (const code of codes) {
    if (typeof Code[code] === "string") continue;
    throw invalidOption(name, "of Connect's Code, such as Code.Unavailable", code);
  }
  return new Set(codes);
}

function tooFewAttempts(attempts: number): RangeError {
  const advice = "set retry: false for a call without retries";
  return new RangeError(`retry.maxAttempts must be at least 2, not ${attempts}: ${advice}`);
}
