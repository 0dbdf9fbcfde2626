// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";
import { keepShape } from "../shapes.js";
import { rejected } from "./deferred.js";

/** Whose promises reject. Only calls that fail pay for it. */
export interface Rejecting {
  /**
   * Told of an error right before somebody gets it, where `new Error().stack` has the line that
   * waits: that of the caller, or its `await`. `below`: the function whose callers count.
   */
  rejecting(error: ConnectError, below: Below): void;
}

/** A function, as `Error.captureStackTrace` takes it. */
export type Below = (...args: never[]) => unknown;

/** A promise that somebody waits for, and how to settle it. */
export class Waiting<T> {
  readonly promise: Promise<T>;
  /** Frees timer and listener of a wait that has limits, when it is over. */
  release: (() => void) | undefined = undefined;
  #settle!: (value: T | PromiseLike<T>) => void;

  constructor() {
    this.promise = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  resolve(value: T): void {
    this.release?.();
    this.#settle(value);
  }

  /** A promise that rejects does not take the process down when nobody awaits it. */
  reject(error: ConnectError, owner: Rejecting | undefined): void {
    this.release?.();
    if (owner) return this.#settle(rejectLater(this.promise, error, owner));
    this.promise.catch(() => undefined);
    this.#settle(rejected(error));
  }
}

keepShape(new Waiting());

/**
 * V8 knows who awaits the promise of an async function that runs, over other promises, too, as long
 * as each has one who waits for it. https://v8.dev/blog/fast-async#improved-developer-experience
 */
async function rejectLater(
  promise: Promise<unknown>,
  error: ConnectError,
  owner: Rejecting,
): Promise<never> {
  // Two turns: by then `promise` follows the one of this function.
  await undefined;
  await undefined;
  owner.rejecting(error, rejectLater);
  promise.catch(() => undefined);
  throw error;
}
