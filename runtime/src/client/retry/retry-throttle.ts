// SPDX-License-Identifier: Apache-2.0
import type { Transport } from "@connectrpc/connect";
import type { RetryThrottling } from "../../options/retry.js";
import { assertKnownKeys, assertNumber } from "../../options/settings.js";

/** Tokens of RetryThrottling: https://github.com/grpc/proposal/blob/master/A6-client-retries.md */
export class RetryThrottle {
  readonly #max: number;
  readonly #ratio: number;
  #tokens: number;

  constructor({ maxTokens, tokenRatio }: RetryThrottling) {
    this.#max = maxTokens;
    this.#ratio = tokenRatio;
    this.#tokens = maxTokens;
  }

  succeeded(): void {
    this.#tokens = Math.min(this.#tokens + this.#ratio, this.#max);
  }

  /** Notes a failure. True if a retry is still in order. */
  failed(): boolean {
    this.#tokens = Math.max(this.#tokens - 1, 0);
    return this.#tokens > this.#max / 2;
  }
}

/** gRPC throttles by server: here that is the transport. */
const throttles = new WeakMap<Transport, Map<string, RetryThrottle>>();

/** gRPC's own limit of `maxTokens`. */
const MAX_TOKENS = 1000;

/** The throttle that clients of `transport` with these settings share. Throws a `RangeError`. */
export function throttleOf(transport: Transport, settings: RetryThrottling): RetryThrottle {
  assertKnownKeys("retry.throttling", settings, ["maxTokens", "tokenRatio"]);
  const { maxTokens, tokenRatio } = settings;
  assertNumber("retry.throttling.maxTokens", maxTokens, Number.MIN_VALUE, MAX_TOKENS);
  assertNumber("retry.throttling.tokenRatio", tokenRatio, Number.MIN_VALUE, MAX_TOKENS);
  const all = throttles.get(transport) ?? new Map<string, RetryThrottle>();
  throttles.set(transport, all);
  const key = `${maxTokens} ${tokenRatio}`;
  const throttle = all.get(key) ?? new RetryThrottle(settings);
  all.set(key, throttle);
  return throttle;
}
