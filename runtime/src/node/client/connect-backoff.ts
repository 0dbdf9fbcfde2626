// SPDX-License-Identifier: Apache-2.0
import { backoffMs } from "../../client/backoff.js";
import type { Backoff } from "../../options/retry.js";

/** https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md */
const backoff: Backoff = {
  initialBackoffMs: 1000,
  backoffMultiplier: 1.6,
  maxBackoffMs: 120_000,
};

/** Calls wait for the next attempt when it is no further off than this; else they fail at once. */
const MAX_WAIT_MS: number = backoff.initialBackoffMs * 1.2;

/**
 * When to try again to connect. The second attempt may follow the first at once: most often what was
 * wrong is past. From then on, the waits are those of gRPC.
 */
export class ConnectBackoff {
  #failures = 0;
  #nextAt = 0;

  /** Milliseconds until the next attempt may be made; 0: it may be made now. */
  get remainingMs(): number {
    return Math.max(0, this.#nextAt - performance.now());
  }

  /** Whether a call had better wait for the next attempt. */
  get isShort(): boolean {
    return this.#failures <= 2 && this.remainingMs <= MAX_WAIT_MS;
  }

  failed(): void {
    this.#failures++;
    const wait = this.#failures === 1 ? 0 : backoffMs(backoff, this.#failures - 2);
    this.#nextAt = performance.now() + wait;
  }

  reset(): void {
    this.#failures = 0;
    this.#nextAt = 0;
  }
}
