// SPDX-License-Identifier: Apache-2.0
import type { Transport } from "@connectrpc/connect";
import type { RetryThrottling } from "../../options/retry.js";

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

/** The throttle that clients of `transport` with these settings share. */
export function throttleOf(transport: Transport, settings: RetryThrottling): RetryThrottle {
  const { maxTokens, tokenRatio } = settings;
  const all = throttles.get(transport) ?? new Map<string, RetryThrottle>();
  throttles.set(transport, all);
  const key = `${maxTokens} ${tokenRatio}`;
  const throttle = all.get(key) ?? new RetryThrottle(settings);
  all.set(key, throttle);
  return throttle;
}
