// SPDX-License-Identifier: Apache-2.0
import type { Code } from "@connectrpc/connect";
import { type Group, numberFrom, type Setting, type Settings, wholeFrom } from "./declare.js";
import { MAX_TIMER_MS } from "./max-timer.js";
import { assertRange, invalidOption, isInRange, type Range } from "./settings.js";

/**
 * When and how often a client repeats a failed call, in the terms of gRPC's retry policy. The
 * client's option. A call is repeated only while nothing of its response has been seen.
 * Invalid values throw a `RangeError` where they are set.
 * https://github.com/grpc/proposal/blob/master/A6-client-retries.md
 */
export interface RetryPolicy {
  /**
   * How many attempts to make, the first included: at least 2. More than 5 count as 5, as in gRPC.
   * Default: 4.
   */
  maxAttempts?: number;

  /** Wait before the second attempt, in milliseconds, give or take 20 %. Default: 100. */
  initialBackoffMs?: number;

  /** The longest wait, in milliseconds, give or take 20 %. Default: 1000. */
  maxBackoffMs?: number;

  /** Backoff multiplier: each wait is so many times the one before. Default: 2. */
  backoffMultiplier?: number;

  /**
   * Codes after which to repeat a call, for any RPC. List only codes after which your server has
   * done nothing, or nothing that does harm when done twice.
   *
   * Default: `unavailable`, for RPCs whose `idempotency_level` in the schema is `NO_SIDE_EFFECTS`
   * or `IDEMPOTENT`. All other RPCs are then repeated only if no connection could be made, so that
   * the request never left.
   */
  retryableCodes?: readonly Code[];

  /** Stops retries while most calls fail. Default: none. */
  throttling?: RetryThrottling;

  /**
   * How many bytes of sent messages each call keeps for a repetition, in protobuf's binary form. A
   * call that has sent more is not repeated. Default: 256 KiB, as much as a stream may have in
   * flight.
   */
  maxBufferBytes?: number;
}

/**
 * A client's retry budget, in tokens: a retryable failure takes 1, a success gives `tokenRatio`.
 * There are no retries while at most half of `maxTokens` are left. Clients of one transport with
 * the same numbers share a budget.
 */
export interface RetryThrottling {
  /** The budget at first, and at most: more than 0, at most 1000. */
  maxTokens: number;
  /** The tokens that a success gives: more than 0. */
  tokenRatio: number;
}

/** How waits grow. */
export type Backoff = Required<
  Pick<RetryPolicy, "initialBackoffMs" | "maxBackoffMs" | "backoffMultiplier">
>;

/** The waits between attempts. */
export const backoff: Settings<keyof Backoff> = {
  initialBackoffMs: numberFrom(1, MAX_TIMER_MS),
  maxBackoffMs: numberFrom(1, MAX_TIMER_MS),
  backoffMultiplier: numberFrom(Number.MIN_VALUE, 1000),
};

/** gRPC's own limit: https://github.com/grpc/proposal/blob/master/A6-client-retries.md#limits-on-retries-and-hedges */
export const MOST_ATTEMPTS = 5;

/** Tokens, of which gRPC allows 1000. */
const tokens: Setting = { ...numberFrom(Number.MIN_VALUE, 1000), required: true };

/** The options of retries. */
export const retry: Group<keyof RetryPolicy> = {
  atomic: true,
  orFalse: true,
  settings: {
    // Code may say more than count, for gRPC's policies may; a schema says what counts.
    maxAttempts: { check: checkAttempts, range: { min: 2, max: MOST_ATTEMPTS, isWhole: true } },
    ...backoff,
    retryableCodes: { check: checkCodes },
    throttling: { settings: { maxTokens: tokens, tokenRatio: tokens } },
    maxBufferBytes: wholeFrom(0, 2 ** 31),
  },
};

/** The defaults of retries: the numbers of gRPC's examples. */
export const retryDefaults: Backoff & {
  readonly maxAttempts: number;
  readonly maxBufferBytes: number;
} = {
  maxAttempts: 4,
  initialBackoffMs: 100,
  maxBackoffMs: 1000,
  backoffMultiplier: 2,
  // About what HTTP/2 windows and Node's buffers hold of a stream.
  maxBufferBytes: 256 * 1024,
};

function checkAttempts(option: string, value: unknown): void {
  if (typeof value === "number" && Number.isInteger(value) && value < 2) {
    const advice = "set retry: false to turn retries off";
    throw new RangeError(`${option} must be at least 2, not ${value}: ${advice}`);
  }
  assertRange(option, value, { min: 2, max: Number.MAX_SAFE_INTEGER, isWhole: true });
}

/** Throws a `RangeError` unless `codes` is a list of status codes with at least one. */
export function checkCodes(option: string, codes: unknown): void {
  if (!Array.isArray(codes)) throw invalidOption(option, "a list of codes", codes);
  if (codes.length === 0) {
    throw new RangeError(`${option} must list at least one code; leave it out for the default`);
  }
  const invalid = codes.findIndex((code) => !isInRange(statusCodes, code));
  if (invalid < 0) return;
  throw invalidOption(option, "of Connect's Code, such as Code.Unavailable", codes[invalid]);
}

/** All but `ok`: https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const statusCodes: Range = { min: 1, max: 16, isWhole: true };
