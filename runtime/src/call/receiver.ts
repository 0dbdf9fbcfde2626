// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { RecvOptions } from "../api/options.js";
import { abortError, onAbort } from "./abort.js";
import { rejected } from "./deferred.js";
import { invalidRecvTimeout } from "./recv-limit.js";
import { MAX_TIMER_MS } from "./timers.js";

/** Where the messages of one direction come from. */
export interface MessageSource<T> {
  /**
   * The next message, or `undefined` if none is at hand. A source that gets one later calls
   * `Receiver.ready`; one that reached its end calls `Receiver.finish`, maybe from within `take`.
   */
  take(): T | undefined;
}

interface Waiter<T> {
  readonly promise: Promise<T | undefined>;
  resolve(message: T | undefined): void;
  reject(error: ConnectError): void;
  /** Frees timer and listener of a `recv` that had options. */
  release: (() => void) | undefined;
}

const endOfStream = Promise.resolve(undefined);

/** The receiving half of a stream: who waits for a message, and what they get. */
export class Receiver<T> {
  readonly #source: MessageSource<T>;
  readonly #waiters: Waiter<T>[] = [];
  #finished = false;
  #error: ConnectError | undefined;

  constructor(source: MessageSource<T>) {
    this.#source = source;
  }

  /** True when nothing more will come. */
  get finished(): boolean {
    return this.#finished;
  }

  /** True when a `recv` waits. */
  get wanted(): boolean {
    return this.#waiters.length > 0;
  }

  recv(options?: RecvOptions): Promise<T | undefined> {
    const fault = options && invalidRecvTimeout(options);
    if (fault) return rejected(fault);
    if (options?.signal?.aborted) return rejected(abortError(options.signal));
    if (!this.#finished && this.#waiters.length === 0) {
      const message = this.#source.take();
      if (message !== undefined) return Promise.resolve(message);
    }
    if (this.#finished) return this.#error ? rejected(this.#error) : endOfStream;
    return this.#wait(options);
  }

  /** To be called when the source may have something that it did not have before. */
  ready(): void {
    while (this.#waiters.length > 0 && !this.#finished) {
      const message = this.#source.take();
      if (message === undefined) return;
      const waiter = this.#waiters.shift();
      waiter?.release?.();
      waiter?.resolve(message);
    }
  }

  /** Ends the stream here and now: with success, or with the error that `recv` reports from now on. */
  finish(error?: ConnectError): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#error = error;
    for (const waiter of this.#waiters.splice(0)) {
      waiter.release?.();
      if (error) reject(waiter, error);
      else waiter.resolve(undefined);
    }
  }

  #wait(options: RecvOptions | undefined): Promise<T | undefined> {
    const { promise, resolve, reject } = withResolvers<T | undefined>();
    const waiter: Waiter<T> = { promise, resolve, reject, release: undefined };
    if (options) this.#limit(waiter, options);
    this.#waiters.push(waiter);
    return promise;
  }

  #limit(waiter: Waiter<T>, { signal, timeoutMs }: RecvOptions): void {
    const give = (error: ConnectError) => {
      const index = this.#waiters.indexOf(waiter);
      if (index < 0) return;
      this.#waiters.splice(index, 1);
      waiter.release?.();
      reject(waiter, error);
    };
    const onTimeout = () =>
      give(new ConnectError(`no message within ${timeoutMs} ms`, Code.DeadlineExceeded));
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(onTimeout, Math.min(Math.max(timeoutMs, 0), MAX_TIMER_MS));
    const stopListening = signal && onAbort(signal, () => give(abortError(signal)));
    waiter.release = () => {
      clearTimeout(timer);
      stopListening?.();
    };
  }
}

function reject(waiter: Waiter<unknown>, error: ConnectError): void {
  // A recv that nobody awaits must not take the process down.
  waiter.promise.catch(() => undefined);
  waiter.reject(error);
}

function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: ConnectError) => void;
  const promise = new Promise<T>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return { promise, resolve, reject };
}
