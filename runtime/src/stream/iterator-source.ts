// SPDX-License-Identifier: Apache-2.0
import type { MessageSource } from "./inbound.js";

/** Whom an iterator's source tells. */
export interface IteratorEvents {
  /** A message can be taken that could not before. */
  onReady(): void;
  onEnd(): void;
  onError(error: unknown): void;
}

/** Messages from an async iterable, pulled one by one when somebody asks for one. */
export class IteratorSource<T> implements MessageSource<T> {
  readonly #iterator: AsyncIterator<T>;
  readonly #events: IteratorEvents;
  #pulling = false;
  #next: T | undefined;

  constructor(iterable: AsyncIterable<T>, events: IteratorEvents) {
    this.#iterator = iterable[Symbol.asyncIterator]();
    this.#events = events;
  }

  take(): T | undefined {
    const message = this.#next;
    this.#next = undefined;
    if (message === undefined && !this.#pulling) this.#pull();
    return message;
  }

  #pull(): void {
    this.#pulling = true;
    this.#iterator.next().then(
      (result) => {
        if (result.done) return this.#events.onEnd();
        this.#pulling = false;
        this.#next = result.value;
        this.#events.onReady();
      },
      (error: unknown) => this.#events.onError(error),
    );
  }
}
