// SPDX-License-Identifier: Apache-2.0

/** Messages for a client that wants them as an async iterable. */
export class MessageQueue<T> implements AsyncIterable<T> {
  readonly #items: { readonly value: T; taken(): void }[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  /** Resolves when the message has been taken. */
  push(value: T): Promise<void> {
    return new Promise((taken) => {
      this.#items.push({ value, taken });
      this.#wake?.();
    });
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      const item = this.#items.shift();
      if (item) {
        item.taken();
        yield item.value;
      } else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
