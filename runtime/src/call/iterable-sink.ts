// SPDX-License-Identifier: Apache-2.0
import type { MessageSink } from "./sender.js";

/**
 * Messages to hold for a consumer that does not keep up. More than one, because on a network the
 * flow-control window holds some too, and two sides that each send first must not block each other.
 */
const MAX_QUEUED = 16;

interface Reader<T> {
  resolve(result: IteratorResult<T>): void;
  reject(error: unknown): void;
}

/** Whom an iterable's sink tells. */
export interface IterableEvents {
  /** The queue takes messages again. */
  onDrain(): void;
  /** The consumer went away before it had taken everything. */
  onAbandoned(): void;
  /** The consumer has taken everything, the end included. */
  onTaken?(): void;
}

/**
 * Messages to an async iterable: one bounded queue and one iterator, written by hand because those
 * of an async generator queue `throw` and `return` behind a pending `next`. Connect asks for the
 * iterator a second time to call these, so it is always the same one.
 * https://github.com/connectrpc/connect-es/blob/main/packages/connect/src/protocol/run-call.ts
 */
export class IterableSink<T> implements MessageSink<T, T>, AsyncIterableIterator<T> {
  readonly #normalize: (message: T) => T;
  readonly #measure: ((message: T) => number) | undefined;
  readonly #onSent: ((bytes: number) => void) | undefined;
  readonly #events: IterableEvents;
  readonly #queue: T[] = [];
  readonly #readers: Reader<T>[] = [];
  /** Messages written so far. */
  written = 0;
  /** Bytes of the message that was made ready last: 0 where they are not measured. */
  size = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;

  /**
   * `measure`: how to know the bytes of a message, where somebody wants to. `onSent` is told of each
   * message that is handed over; bytes are the transport's business, so it is told 0.
   */
  constructor(
    normalize: (message: T) => T,
    events: IterableEvents,
    measure?: (message: T) => number,
    onSent?: (bytes: number) => void,
  ) {
    this.#normalize = normalize;
    this.#events = events;
    this.#measure = measure;
    this.#onSent = onSent;
  }

  /** What has not been taken: 0 when somebody waits for the next message. */
  get unsent(): number {
    return this.#readers.length > 0 ? 0 : this.#queue.length + 1;
  }

  encode(message: T): T {
    const ready = this.#normalize(message);
    if (this.#measure) this.size = this.#measure(ready);
    return ready;
  }

  write(message: T): boolean {
    this.written++;
    this.#onSent?.(0);
    const reader = this.#readers.shift();
    if (reader) reader.resolve({ done: false, value: message });
    else this.#queue.push(message);
    return this.#queue.length < MAX_QUEUED;
  }

  /** Ends the iterable after what is queued: with success, or with an error. */
  end(failure?: { readonly error: unknown }): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    for (const reader of this.#readers.splice(0)) this.#finish(reader);
  }

  /** Ends the iterable with an error now, in place of what has not been taken. */
  fail(error: unknown): void {
    this.#queue.length = 0;
    if (this.#ended) this.#failure = { error };
    else this.end({ error });
  }

  next(): Promise<IteratorResult<T>> {
    const value = this.#queue.shift();
    if (value !== undefined) {
      if (this.#queue.length === MAX_QUEUED - 1) this.#events.onDrain();
      return Promise.resolve({ done: false, value });
    }
    return new Promise((resolve, reject) => {
      const reader = { resolve, reject };
      if (this.#ended) this.#finish(reader);
      else this.#readers.push(reader);
    });
  }

  async return(): Promise<IteratorResult<T>> {
    this.#abandon();
    return { done: true, value: undefined };
  }

  async throw(): Promise<IteratorResult<T>> {
    this.#abandon();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this;
  }

  #abandon(): void {
    const early = !this.#ended || this.#queue.length > 0;
    this.end();
    this.#queue.length = 0;
    if (early) this.#events.onAbandoned();
    else this.#events.onTaken?.();
  }

  /** The error is given once; after it the iterable is over. */
  #finish(reader: Reader<T>): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) reader.reject(failure.error);
    else reader.resolve({ done: true, value: undefined });
    this.#events.onTaken?.();
  }
}
