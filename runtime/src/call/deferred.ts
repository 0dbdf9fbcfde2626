// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";

/** A rejected promise that does not take the process down when nobody awaits it. */
export function rejected(error: Error): Promise<never> {
  const promise = Promise.reject(error);
  promise.catch(() => undefined);
  return promise;
}

/** An error, or how to make it: most are never seen, and each has a stack. */
export type Reason = ConnectError | (() => ConnectError);

export function errorOf(reason: Reason): ConnectError {
  return typeof reason === "function" ? reason() : reason;
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
    this.resolveLazily(() => value);
  }

  /** Resolves with what `create` makes if somebody asks for it. */
  resolveLazily(create: () => T): void {
    if (this.#settle) return;
    this.#settle = () => this.#resolve?.(create());
    if (this.#resolve) this.#settle();
  }

  reject(error: ConnectError): void {
    if (this.#settle) return;
    this.#settle = () => this.#reject?.(error);
    if (this.#reject) this.#settle();
  }
}
