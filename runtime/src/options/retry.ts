// SPDX-License-Identifier: Apache-2.0
import type { Code } from "@connectrpc/connect";

/**
 * When and how often a client repeats a failed call, in the terms of gRPC's retry policy. The
 * client's option. A call is repeated only while nothing of its response has been seen.
 * Invalid values throw a `RangeError` where they are set.
 * https://github.com/grpc/proposal/blob/master/A6-client-retries.md
 */
export interface RetryPolicy {
  /**
   * How often to try, the first time included: at least 2. More than 5 count as 5, as gRPC has it.
   * Default: 4.
   */
  maxAttempts?: number;

  /** Wait before the second attempt, in milliseconds, give or take 20 %. Default: 100. */
  initialBackoffMs?: number;

  /** The longest wait, in milliseconds, give or take 20 %. Default: 1000. */
  maxBackoffMs?: number;

  /** By what each wait is longer than the one before. Default: 2. */
  backoffMultiplier?: number;

  /**
   * Codes to repeat a call after, whatever the RPC. Name only those after which your server has done
   * nothing, or nothing that a repetition would do twice.
   *
   * Default: `unavailable`, for RPCs whose `idempotency_level` in the schema is `NO_SIDE_EFFECTS` or
   * `IDEMPOTENT`. All others are then repeated only if no connection could be made, so that the
   * request never left.
   */
  retryableCodes?: readonly Code[];

  /** Stops retries while most calls fail. Default: none. */
  throttling?: RetryThrottling;

  /**
   * Bytes of sent messages to keep for a repetition, in protobuf's binary form, for each call. One
   * that has sent more is not repeated. Default: 256 KiB: as much as a stream may have on its way.
   */
  maxBufferBytes?: number;
}

/**
 * A client's stock of tokens: a failure that could be repeated takes 1, a success gives `tokenRatio`.
 * Nothing is repeated while no more than half of `maxTokens` are left. Clients of one transport with
 * the same numbers share them.
 */
export interface RetryThrottling {
  /** The stock at first, and at most: more than 0, at most 1000. */
  maxTokens: number;
  /** What a success gives: more than 0. */
  tokenRatio: number;
}
