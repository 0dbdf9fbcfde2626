// SPDX-License-Identifier: Apache-2.0
import { Deferred } from "../../call/deferred.js";

/** Counts requests that have no answer yet, and connections that drain and may still bring some. */
export class OpenCalls {
  readonly #none = new Deferred<void>();
  #open = 0;
  #draining = false;
  #end = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** Resolves when no request is open while draining, or when the time for that is up. */
  get none(): Promise<void> {
    return this.#none.promise;
  }

  opened(): void {
    this.#open++;
  }

  closed(): void {
    if (--this.#open === 0 && this.#draining) this.#finish();
  }

  /** Begins to drain. Open requests have so many milliseconds, or what is left of fewer. */
  drain(ms: number): void {
    this.#draining = true;
    if (this.#open === 0) return this.#finish();
    const end = performance.now() + ms;
    if (end >= this.#end) return;
    this.#end = end;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#finish(), ms);
  }

  #finish(): void {
    clearTimeout(this.#timer);
    this.#none.resolve();
  }
}
