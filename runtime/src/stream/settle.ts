// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";

/** The longest delay that a timer can hold, in milliseconds; a longer one would fire at once. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/** A rejected promise that does not take the process down when nobody awaits it. */
export function rejected(error: Error): Promise<never> {
  const promise = Promise.reject(error);
  promise.catch(() => undefined);
  return promise;
}

/**
 * Why `signal` was aborted, as an error with a code: `canceled` unless the reason has its own.
 * Connect forgets the `TimeoutError` of `AbortSignal.timeout`, so it is kept as the cause.
 */
export function abortError({ reason }: AbortSignal): ConnectError {
  const error = ConnectError.from(reason ?? "aborted", Code.Canceled);
  if (error !== reason && reason instanceof Error) error.cause ??= reason;
  return error;
}

/** A promise made when first asked for; settled once, before or after. */
export class Deferred<T> {
  #settle: (() => void) | undefined;
  #promise: Promise<T> | undefined;
  #resolve: ((value: T) => void) | undefined;
  #reject: ((error: ConnectError) => void) | undefined;

  get promise(): Promise<T> {
    if (!this.#promise) {
      this.#promise = new Promise((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
      });
      this.#promise.catch(() => undefined);
      this.#settle?.();
    }
    return this.#promise;
  }

  get settled(): boolean {
    return this.#settle !== undefined;
  }

  resolve(value: T): void {
    if (this.#settle) return;
    this.#settle = () => this.#resolve?.(value);
    this.#settle();
  }

  reject(error: ConnectError): void {
    if (this.#settle) return;
    this.#settle = () => this.#reject?.(error);
    this.#settle();
  }
}

/**
 * Calls `expire` once, after `ms` milliseconds, however many. Returns how to stop it. The clock of
 * the system may be set meanwhile, so it is not asked.
 */
export function startTimer(ms: number, expire: () => void): () => void {
  const end = performance.now() + ms;
  let timer: ReturnType<typeof setTimeout>;
  const arm = (left: number) => {
    timer =
      left > MAX_TIMER_MS
        ? setTimeout(() => arm(end - performance.now()), MAX_TIMER_MS)
        : setTimeout(expire, Math.max(left, 0));
  };
  arm(ms);
  return () => clearTimeout(timer);
}
