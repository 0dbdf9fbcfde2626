// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { RecvOptions } from "../api/options.js";
import { invalidOption } from "../options/settings.js";
import { abortError, invalidSignal, onAbort } from "./abort.js";
import { type Clock, realClock } from "./clock.js";
import { errorOf, type Reason, rejected } from "./deferred.js";
import { type Rejecting, Waiting } from "./reject.js";

/** Where the messages of one direction come from. */
export interface MessageSource<T> {
  /**
   * The next message, or `undefined` if none is at hand. A source that gets one later calls
   * `Receiver.ready`; one that reached its end calls `Receiver.finish`, maybe from within `take`.
   */
  take(): T | undefined;
}

/**
 * Looks at a message on its way in. Returns the message, or `undefined` for one that nobody
 * receives; one that ends the call has ended it by then.
 */
export type ReceiveFilter<T> = (message: T) => T | undefined;

/** What a receiver does beyond handing messages out. */
export interface ReceiverOptions<T> {
  readonly filter?: ReceiveFilter<T> | undefined;
  /** The time limit of a `recv` that sets none, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** What that time is. */
  readonly clock?: Clock | undefined;
  /** Told of errors before somebody gets them. */
  readonly owner?: Rejecting | undefined;
}

type Waiter<T> = Waiting<T | undefined>;

/** Of all whom one `recv` at a time is enough for: never added to. */
const nobody: never[] = [];

const endOfStream = Promise.resolve(undefined);

/** The receiving half of a stream: who waits for a message, and what they get. */
export class Receiver<T> {
  readonly #source: MessageSource<T>;
  readonly #filter: ReceiveFilter<T> | undefined;
  readonly #timeoutMs: number | undefined;
  readonly #clock: Clock;
  readonly #owner: Rejecting | undefined;
  /** Who waits longest, and who came after. */
  #waiter: Waiter<T> | undefined;
  #others: Waiter<T>[] = nobody;
  #finished = false;
  #reason: Reason | undefined;

  constructor(source: MessageSource<T>, options?: ReceiverOptions<T>) {
    this.#source = source;
    this.#filter = options?.filter;
    this.#timeoutMs = options?.timeoutMs;
    this.#clock = options?.clock ?? realClock;
    this.#owner = options?.owner;
  }

  /** True when nothing more will come. */
  get finished(): boolean {
    return this.#finished;
  }

  recv(options?: RecvOptions): Promise<T | undefined> {
    const invalid = options && invalidRecvOptions(options);
    if (invalid) return rejected(invalid);
    if (options?.signal?.aborted) return this.#rejected(abortError(options.signal));
    if (!this.#finished && !this.#waiter) {
      const message = this.#take();
      if (message !== undefined) return Promise.resolve(message);
    }
    if (this.#finished) return this.#reason ? this.#rejected(errorOf(this.#reason)) : endOfStream;
    return this.#wait(options);
  }

  /** Call it when the source may have something that it did not have before. */
  ready(): void {
    while (this.#waiter && !this.#finished) {
      const message = this.#take();
      if (message === undefined) return;
      const waiter = this.#waiter;
      if (!waiter) return;
      this.#waiter = this.#others.shift();
      waiter.resolve(message);
    }
  }

  /** Ends the stream here and now: with success, or with the error that `recv` reports from now on. */
  finish(reason?: Reason): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#reason = reason;
    if (!this.#waiter) return;
    const error = reason && errorOf(reason);
    const waiters = [this.#waiter, ...this.#others];
    this.#waiter = undefined;
    this.#others = nobody;
    for (const waiter of waiters) {
      if (error) waiter.reject(error, this.#owner);
      else waiter.resolve(undefined);
    }
  }

  #rejected(error: ConnectError): Promise<never> {
    this.#owner?.rejecting(error, this.recv);
    return rejected(error);
  }

  #take(): T | undefined {
    const filter = this.#filter;
    let message = this.#source.take();
    if (!filter) return message;
    while (message !== undefined) {
      const passed = filter(message);
      if (this.#finished) return undefined;
      if (passed !== undefined) return passed;
      message = this.#source.take();
    }
    return undefined;
  }

  #wait(options: RecvOptions | undefined): Promise<T | undefined> {
    const waiter: Waiter<T> = new Waiting();
    const timeoutMs = options?.timeoutMs ?? this.#timeoutMs;
    if (timeoutMs !== undefined || options?.signal) this.#limit(waiter, timeoutMs, options?.signal);
    if (!this.#waiter) this.#waiter = waiter;
    else if (this.#others === nobody) this.#others = [waiter];
    else this.#others.push(waiter);
    return waiter.promise;
  }

  /** False: it does not wait any more. */
  #remove(waiter: Waiter<T>): boolean {
    if (waiter === this.#waiter) {
      this.#waiter = this.#others.shift();
      return true;
    }
    const index = this.#others.indexOf(waiter);
    if (index >= 0) this.#others.splice(index, 1);
    return index >= 0;
  }

  #limit(waiter: Waiter<T>, timeoutMs: number | undefined, signal: AbortSignal | undefined): void {
    const give = (error: ConnectError) => {
      if (!this.#remove(waiter)) return;
      waiter.reject(error, this.#owner);
    };
    const onTimeout = () =>
      give(new ConnectError(`no message within ${timeoutMs} ms`, Code.DeadlineExceeded));
    const stopTimer =
      timeoutMs === undefined ? undefined : this.#clock.startTimer(timeoutMs, onTimeout);
    const stopListening = signal && onAbort(signal, () => give(abortError(signal)));
    waiter.release = () => {
      stopTimer?.();
      stopListening?.();
    };
  }
}

/** What is wrong with the options of a `recv`, if anything is: callers may know no types. */
function invalidRecvOptions({ timeoutMs, signal }: RecvOptions): Error | undefined {
  const isNumber = typeof timeoutMs === "number" && !Number.isNaN(timeoutMs);
  if (timeoutMs === undefined || isNumber) return invalidSignal(signal);
  return invalidOption("timeoutMs of recv", "a number of milliseconds", timeoutMs);
}
