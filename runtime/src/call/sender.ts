// SPDX-License-Identifier: Apache-2.0
import { ConnectError } from "@connectrpc/connect";
import type { QueueFill } from "../options/queues.js";
import { abortError, invalidSignal } from "./abort.js";
import type { Bounds } from "./bounds.js";
import { errorOf, type Reason, rejected } from "./deferred.js";
import type { Rejecting } from "./reject.js";
import { accepted, type Resend, SendQueue } from "./send-queue.js";
import { SendWaits } from "./send-waits.js";

/** Where the messages of one direction go. `F` is a message made ready to travel. */
export interface MessageSink<T, F> {
  /** Makes a message ready. Throws a `ConnectError` for one that cannot be sent. */
  encode(message: T): F | Promise<F>;
  /** Bytes of the message that `encode` was given last: serialized, not compressed. */
  readonly size: number;
  /** Hands it over, in order. False: wait for `Sender.drained` before the next. */
  write(frame: F): boolean;
}

/** Looks at a message on its way out; returns what to send. Throws what the `send` rejects with. */
export type SendFilter<T> = (message: T) => T;

/** What a sender does beyond handing messages over. */
export interface SenderOptions<T> {
  readonly filter?: SendFilter<T> | undefined;
  /** Of what waits after its `send` has resolved; without them a `send` resolves when its message goes. */
  readonly bounds?: Bounds | undefined;
  /** Told how many milliseconds a `send` had to wait for the other side. */
  readonly onWaited?: ((ms: number) => void) | undefined;
  /** Told of a message that cannot be sent, before its `send` rejects. */
  readonly onUnsendable?: ((error: ConnectError) => void) | undefined;
  /** Told of errors before somebody gets them. */
  readonly owner?: Rejecting | undefined;
}

const empty: QueueFill = { messages: 0, bytes: 0, dropped: 0 };

/** The sending half of a stream: what may go, what waits, and who is told. */
export class Sender<T, F = unknown> {
  readonly #sink: MessageSink<T, F>;
  readonly #filter: SendFilter<T> | undefined;
  readonly #bounds: Bounds | undefined;
  readonly #waits: SendWaits | undefined;
  readonly #onUnsendable: ((error: ConnectError) => void) | undefined;
  readonly #owner: Rejecting | undefined;
  /** Made when the first message has to wait. */
  #queue: SendQueue<F> | undefined;
  #open: boolean;
  #closed: Reason | undefined;
  #forced = false;
  #whenEmpty: (() => void) | undefined;

  /** `open`: whether the first message may go at once, or waits for `drained`. */
  constructor(sink: MessageSink<T, F>, open: boolean, options: SenderOptions<T> = {}) {
    const { filter, bounds, onWaited, onUnsendable, owner } = options;
    this.#sink = sink;
    this.#open = open;
    this.#filter = filter;
    this.#bounds = bounds;
    this.#waits = onWaited && new SendWaits(onWaited, open);
    this.#onUnsendable = onUnsendable;
    this.#owner = owner;
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** What waits. */
  get fill(): QueueFill {
    return this.#queue?.fill ?? empty;
  }

  /** A number of its own for each message that has come to wait longest; `undefined` if none waits. */
  get head(): number | undefined {
    return this.#queue && this.#queue.length > 0 ? this.#queue.left : undefined;
  }

  send(message: T, options?: Resend): Promise<void> {
    if (this.#closed) return this.#rejected(errorOf(this.#closed));
    const signal = options?.signal;
    const invalid = invalidSignal(signal);
    if (invalid) return rejected(invalid);
    if (signal?.aborted) return this.#rejected(abortError(signal));
    let frame: F | Promise<F>;
    try {
      const filter = options?.unfiltered ? undefined : this.#filter;
      frame = this.#sink.encode(filter ? filter(message) : message);
    } catch (thrown) {
      const error = ConnectError.from(thrown);
      this.#onUnsendable?.(error);
      return this.#rejected(error);
    }
    const queue = this.#queue;
    if (this.#open && !(queue && queue.length > 0) && !(frame instanceof Promise)) {
      this.#open = this.#sink.write(frame);
      return accepted;
    }
    return this.#enqueue(frame, options);
  }

  /** The sink takes no message from now on, until `drained`. */
  hold(): void {
    this.#open = false;
  }

  /** The sink takes messages again. */
  drained(): void {
    this.#open = true;
    this.#pump();
    this.#waits?.start();
  }

  /**
   * Hands over everything that waits, flow control or not, then takes no more: later sends reject
   * with `reason`. `done` is called when the last message has gone.
   */
  flush(reason: Reason, done: () => void): void {
    this.#forced = true;
    this.finish(reason, done);
  }

  /** Like `flush`, but waits for flow control. */
  finish(reason: Reason, done: () => void): void {
    if (this.#closed) return;
    this.#closed = reason;
    this.#whenEmpty = done;
    this.#pump();
  }

  /** Drops what waits: it and later sends reject with `reason`. */
  close(reason: Reason): void {
    this.#closed = reason;
    this.#whenEmpty = undefined;
    if (this.#queue && this.#queue.length > 0) this.#queue.clear(errorOf(reason));
  }

  #rejected(error: ConnectError): Promise<never> {
    this.#owner?.rejecting(error, this.send);
    return rejected(error);
  }

  #enqueue(frame: F | Promise<F>, options: Resend | undefined): Promise<void> {
    this.#queue ??= new SendQueue(this.#bounds, () => this.#pump(), this.#waits, this.#owner);
    return this.#queue.push(frame, this.#sink.size, options, this.#open);
  }

  #pump(): void {
    const queue = this.#queue;
    while (queue && queue.length > 0) {
      const { next } = queue;
      if (next === undefined || !(this.#open || this.#forced)) return queue.admit(this.#open);
      queue.shift();
      this.#open = this.#sink.write(next);
    }
    const done = this.#whenEmpty;
    this.#whenEmpty = undefined;
    done?.();
  }
}
