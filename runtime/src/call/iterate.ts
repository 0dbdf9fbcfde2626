// SPDX-License-Identifier: Apache-2.0

/**
 * Reads a stream with `for await`. `onLeave` is called when the loop is left before the end.
 */
export function iterateMessages<T>(
  stream: { recv(): Promise<T | undefined> },
  onLeave?: () => void,
): AsyncIterableIterator<T> {
  return {
    next: () => stream.recv().then(toResult),
    async return() {
      onLeave?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function toResult<T>(value: T | undefined): IteratorResult<T> {
  return value === undefined ? { done: true, value } : { done: false, value };
}
