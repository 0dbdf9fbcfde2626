// SPDX-License-Identifier: Apache-2.0
import type { MessageSource } from "./inbound.js";

/** Whom an iterator's source tells. */
export interface IteratorEvents {
  /** A message can be taken that could not before. */
  onReady(): void;
  /** No message follows those that are held. */
  onEnd(): void;
  /** No message follows those that are held: the iterator threw. */
  onError(error: unknown): void;
}

/** Messages from an async iterable, pulled one by one when somebody asks for one. */
export class IteratorSource<T> implements MessageSource<T> {
  readonly #iterator: AsyncIterator<T>;
  readonly #events: IteratorEvents;
  readonly #ahead: number;
  readonly #held: T[] = [];
  /** True while a message is on its way, and when none will come. */
  #pulling = false;
  /** Messages taken so far. */
  taken = 0;

  /** `ahead`: how many messages to pull and hold before somebody asks, to see the end in time. */
  constructor(iterable: AsyncIterable<T>, events: IteratorEvents, ahead: number = 0) {
    this.#iterator = iterable[Symbol.asyncIterator]();
    this.#events = events;
    this.#ahead = ahead;
    if (ahead > 0) this.#pull();
  }

  /** How many messages can be taken. */
  get held(): number {
    return this.#held.length;
  }

  take(): T | undefined {
    const message = this.#held.shift();
    if (message !== undefined) this.taken++;
    if (message === undefined || this.#held.length < this.#ahead) this.#pull();
    return message;
  }

  #pull(): void {
    if (this.#pulling) return;
    this.#pulling = true;
    this.#iterator.next().then(
      (result) => {
        if (result.done) return this.#events.onEnd();
        this.#pulling = false;
        this.#held.push(result.value);
        this.#events.onReady();
        if (this.#held.length < this.#ahead) this.#pull();
      },
      (error: unknown) => this.#events.onError(error),
    );
  }
}
