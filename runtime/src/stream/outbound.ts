// SPDX-License-Identifier: Apache-2.0
import { ConnectError } from "@connectrpc/connect";
import type { SendOptions } from "../options.js";
import { onAbort } from "./on-abort.js";
import { abortError, rejected } from "./settle.js";

/** Where the messages of one direction go. `F` is a message made ready to travel. */
export interface MessageSink<T, F> {
  /** Makes a message ready. Throws a `ConnectError` for one that cannot be sent. */
  encode(message: T): F | Promise<F>;
  /** Hands it over, in order. False: wait for `Outbound.drained` before the next. */
  write(frame: F): boolean;
}

interface Pending<F> {
  /** Undefined while it is being made ready. */
  frame: F | undefined;
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: ConnectError): void;
  release: (() => void) | undefined;
}

const accepted = Promise.resolve();

/** The sending half of a stream: what may go, what waits, and who is told. */
export class Outbound<T, F = unknown> {
  readonly #sink: MessageSink<T, F>;
  readonly #pending: Pending<F>[] = [];
  #open: boolean;
  #closed: ConnectError | undefined;
  #forced = false;
  #whenEmpty: (() => void) | undefined;

  /** `open`: whether the first message may go at once, or waits for `drained`. */
  constructor(sink: MessageSink<T, F>, open: boolean) {
    this.#sink = sink;
    this.#open = open;
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** What has waited longest, if anything waits: an object of its own for each message. */
  get head(): object | undefined {
    return this.#pending[0];
  }

  send(message: T, options?: SendOptions): Promise<void> {
    if (this.#closed) return rejected(this.#closed);
    if (options?.signal?.aborted) return rejected(abortError(options.signal));
    let frame: F | Promise<F>;
    try {
      frame = this.#sink.encode(message);
    } catch (error) {
      return rejected(ConnectError.from(error));
    }
    if (this.#open && this.#pending.length === 0 && !(frame instanceof Promise)) {
      this.#open = this.#sink.write(frame);
      return accepted;
    }
    return this.#enqueue(frame, options?.signal);
  }

  /** The sink takes messages again. */
  drained(): void {
    this.#open = true;
    this.#pump();
  }

  /**
   * Hands over everything that waits, flow control or not, then takes no more: later sends reject
   * with `reason`. `done` is called when the last message has gone.
   */
  flush(reason: ConnectError, done: () => void): void {
    this.#forced = true;
    this.finish(reason, done);
  }

  /** Like `flush`, but waits for flow control. */
  finish(reason: ConnectError, done: () => void): void {
    if (this.#closed) return;
    this.#closed = reason;
    this.#whenEmpty = done;
    this.#pump();
  }

  /** Drops what waits: it and later sends reject with `reason`. */
  close(reason: ConnectError): void {
    this.#closed = reason;
    this.#whenEmpty = undefined;
    for (const entry of this.#pending.splice(0)) fail(entry, reason);
  }

  #enqueue(frame: F | Promise<F>, signal: AbortSignal | undefined): Promise<void> {
    const entry = pendingEntry<F>();
    this.#pending.push(entry);
    if (frame instanceof Promise) {
      frame.then(
        (ready) => {
          entry.frame = ready;
          this.#pump();
        },
        (error: unknown) => this.#drop(entry, ConnectError.from(error)),
      );
    } else {
      entry.frame = frame;
    }
    if (signal) {
      entry.release = onAbort(signal, () => this.#drop(entry, abortError(signal)));
    }
    return entry.promise;
  }

  #drop(entry: Pending<F>, error: ConnectError): void {
    const index = this.#pending.indexOf(entry);
    if (index < 0) return;
    this.#pending.splice(index, 1);
    fail(entry, error);
    this.#pump();
  }

  #pump(): void {
    for (let head = this.#pending[0]; head; head = this.#pending[0]) {
      if (head.frame === undefined || !(this.#open || this.#forced)) return;
      this.#pending.shift();
      this.#open = this.#sink.write(head.frame);
      head.release?.();
      head.resolve();
    }
    const done = this.#whenEmpty;
    this.#whenEmpty = undefined;
    done?.();
  }
}

function fail(entry: Pending<unknown>, error: ConnectError): void {
  entry.release?.();
  // A send that nobody awaits must not take the process down.
  entry.promise.catch(() => undefined);
  entry.reject(error);
}

function pendingEntry<F>(): Pending<F> {
  let resolve!: () => void;
  let reject!: (error: ConnectError) => void;
  const promise = new Promise<void>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return { frame: undefined, promise, resolve, reject, release: undefined };
}
