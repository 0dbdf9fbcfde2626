// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { RecvOptions } from "../api/options.js";
import { invalidSignal, onAbort } from "./abort.js";

/** A source of messages: any async iterable, or a stream, whose `recv` can stop without a loss. */
export interface TakeUntilSource<T> extends AsyncIterable<T> {
  recv?(options?: RecvOptions): Promise<T | undefined>;
}

/**
 * Reads `source` until it ends or `signal` aborts, whichever comes first. Either ends the loop
 * without an error. A handler says goodbye with it when its server drains:
 *
 * ```ts
 * for await (const sample of takeUntil(samples, stream.context.drainSignal)) await stream.send(sample);
 * ```
 *
 * A stream loses no message: the next `recv` gets one that arrives later. Any other iterable has
 * its `return` called, and may lose a value that it was about to yield. Errors of `source` are
 * thrown. Throws a `TypeError` if `signal` is not an `AbortSignal`.
 */
export function takeUntil<T>(
  source: TakeUntilSource<T>,
  signal: AbortSignal,
): AsyncIterableIterator<T, undefined> {
  const invalid = invalidSignal(signal);
  if (invalid) throw invalid;
  return take(source, signal);
}

async function* take<T>(
  source: TakeUntilSource<T>,
  signal: AbortSignal,
): AsyncGenerator<T, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  const next = source.recv ? receiver(source.recv.bind(source), signal) : nexter(iterator, signal);
  try {
    while (!signal.aborted) {
      const result = await next();
      if (!result || result.done) return undefined;
      yield result.value;
    }
    return undefined;
  } finally {
    // Not awaited: a generator that waits for something returns when it has come.
    iterator.return?.().catch(() => undefined);
  }
}

/** What stops a wait, as an error that is nobody else's. */
const stopped: ConnectError = new ConnectError("stopped", Code.Canceled);

/** `undefined`: the wait was stopped. */
type Next<T> = () => Promise<IteratorResult<T, unknown> | undefined>;

function receiver<T>(
  recv: (options: RecvOptions) => Promise<T | undefined>,
  signal: AbortSignal,
): Next<T> {
  const own = new AbortController();
  return async () => {
    const stop = onAbort(signal, () => own.abort(stopped));
    try {
      const value = await recv({ signal: own.signal });
      return value === undefined ? { done: true, value } : { done: false, value };
    } catch (error) {
      if (error === stopped) return undefined;
      throw error;
    } finally {
      stop();
    }
  };
}

function nexter<T>(iterator: AsyncIterator<T, unknown>, signal: AbortSignal): Next<T> {
  return () =>
    new Promise((resolve, reject) => {
      const stop = onAbort(signal, () => resolve(undefined));
      iterator.next().then(resolve, reject).finally(stop);
    });
}
