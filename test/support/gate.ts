// SPDX-License-Identifier: Apache-2.0
import { ConnectError } from "@connectrpc/connect";

/** A promise to settle from outside: how two sides of a test wait for each other. */
export interface Gate<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
}

export function gate<T = void>(): Gate<T> {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((res) => {
    resolve = res;
  });
  return { promise, resolve };
}

/** The error that `promise` rejects with. Fails the test if it does not reject. */
export async function failure(promise: Promise<unknown>): Promise<ConnectError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ConnectError) return error;
    throw new Error("rejected with something that is no ConnectError", { cause: error });
  }
  throw new Error("expected a rejection");
}

/** One turn of the event loop: what is ready on a socket is read in it. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Waits for something that is told by no event. Ends in the test's time-out if it never comes. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/**
 * Waits until `count` has stopped growing. To decide too early can only make a count look smaller:
 * a test that asks for an upper bound never fails because of it.
 */
export async function atRest(count: () => number): Promise<number> {
  let last = count();
  for (let same = 0; same < 40; same++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    if (count() !== last) same = 0;
    last = count();
  }
  return last;
}

/** A handler whose end can be awaited, whatever it was. */
export interface Observed<A extends unknown[], R> {
  readonly handler: (...args: A) => Promise<R>;
  /** What the handler threw, or `undefined` if it returned. */
  readonly ended: Promise<unknown>;
}

export function observed<A extends unknown[], R>(
  handler: (...args: A) => Promise<R>,
): Observed<A, R> {
  const ended = gate<unknown>();
  return {
    ended: ended.promise,
    handler: async (...args) => {
      try {
        const result = await handler(...args);
        ended.resolve(undefined);
        return result;
      } catch (error) {
        ended.resolve(error);
        throw error;
      }
    },
  };
}
