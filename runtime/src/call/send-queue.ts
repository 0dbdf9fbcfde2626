// SPDX-License-Identifier: Apache-2.0
import { ConnectError } from "@connectrpc/connect";
import type { SendOptions } from "../api/options.js";
import type { QueueFill } from "../options/queues.js";
import { abortError, onAbort } from "./abort.js";
import type { Bounds } from "./bounds.js";
import { rejected } from "./deferred.js";
import { Fifo } from "./fifo.js";
import { type Rejecting, Waiting } from "./reject.js";
import type { SendWaits } from "./send-waits.js";

/** A `send` of those who keep its message, to send it again if the call is made again. */
export interface Resend extends SendOptions {
  /** It was accepted before: it has a place, whatever the bounds, and is never dropped. */
  readonly accepted?: boolean;
  /** It is none of the user's messages: filters don't look at it. */
  readonly unfiltered?: boolean;
  /** Called when it is dropped. */
  readonly onDropped?: () => void;
}

interface Entry<F> {
  /** Undefined while it is being compressed. */
  frame: F | undefined;
  readonly bytes: number;
  readonly options: Resend | undefined;
  /** Has a place: its `send` has resolved. */
  placed: boolean;
  /** Its `send`, until that has settled; none if it has a place at once. */
  waiting: Waiting<void> | undefined;
}

/** A `send` that resolved. */
export const accepted: Promise<void> = Promise.resolve();

/**
 * What may be in compression, or wait behind it, after its `send` has resolved: twice as many as
 * Node has threads for it, so that none is idle, and no more bytes than four large messages.
 */
const COMPRESSING: Pick<Bounds, "fits"> = {
  fits: ({ messages, bytes }, more) =>
    messages === 0 || (messages < 8 && bytes + more <= 256 * 1024),
};

/**
 * Messages that cannot go out yet, in order: those that have a place, then those whose `send` waits
 * for one. Without bounds a message has a place only while nothing but compression is in its way;
 * each other `send` waits until its message leaves.
 */
export class SendQueue<F> {
  readonly #bounds: Bounds | undefined;
  readonly #onReady: () => void;
  readonly #waits: SendWaits | undefined;
  readonly #owner: Rejecting | undefined;
  readonly #entries: Fifo<Entry<F>> = new Fifo();
  #bytes = 0;
  /** So many at the front have a place. */
  #placed = 0;
  /** What of these counts for the bounds: all but those that were accepted before. */
  readonly #held = { messages: 0, bytes: 0 };
  #dropped = 0;
  #left = 0;

  /**
   * `onReady` is called when the next one may be ready that was not before. `owner` is told of errors
   * before somebody gets them.
   */
  constructor(
    bounds: Bounds | undefined,
    onReady: () => void,
    waits?: SendWaits,
    owner?: Rejecting,
  ) {
    this.#bounds = bounds;
    this.#onReady = onReady;
    this.#waits = waits;
    this.#owner = owner;
  }

  get length(): number {
    return this.#entries.length;
  }

  get fill(): QueueFill {
    return { messages: this.length, bytes: this.#bytes, dropped: this.#dropped };
  }

  /** What is to leave next, if it is ready. */
  get next(): F | undefined {
    return this.#entries.at(0)?.frame;
  }

  /** How often another message has come to be the next, other than because one was dropped. */
  get left(): number {
    return this.#left;
  }

  /**
   * Puts a message at the end. Settles when it has a place, or has left. `open`: messages leave as
   * soon as they are ready.
   */
  push(frame: F | Promise<F>, bytes: number, options?: Resend, open = false): Promise<void> {
    const before = this.#dropped;
    const refusal = options?.accepted ? undefined : this.#makeRoom(bytes);
    if (refusal) {
      this.#owner?.rejecting(refusal, this.push);
      if (frame instanceof Promise) frame.catch(() => undefined);
      return rejected(refusal);
    }
    const entry = createEntry<F>(bytes, options);
    if (frame instanceof Promise) this.#await(entry, frame);
    else entry.frame = frame;
    this.#entries.push(entry);
    this.#bytes += bytes;
    this.admit(open);
    // One that was not ready may have been in the way of one that is.
    if (this.#dropped > before) this.#onReady();
    return entry.placed ? accepted : this.#wait(entry);
  }

  /** Takes the next one out: it leaves. */
  shift(): void {
    const entry = this.#take(0);
    this.#left++;
    if (entry) this.#settle(entry);
    this.admit(false);
  }

  /** Gives places to those that wait for one, while there is room. `open`: as for `push`. */
  admit(open: boolean): void {
    const bounds = this.#bounds ?? (open ? COMPRESSING : undefined);
    if (!bounds) return;
    for (;;) {
      const entry = this.#entries.at(this.#placed);
      if (!entry) return;
      if (!entry.options?.accepted) {
        if (!bounds.fits(this.#held, entry.bytes)) return;
        this.#held.messages++;
        this.#held.bytes += entry.bytes;
      }
      this.#placed++;
      entry.placed = true;
      this.#settle(entry);
    }
  }

  /** Takes all out. What waits rejects with `error`. */
  clear(error: ConnectError): void {
    for (const entry of this.#entries.clear()) this.#settle(entry, error);
    this.#bytes = 0;
    this.#placed = 0;
    this.#held.messages = 0;
    this.#held.bytes = 0;
  }

  /** Makes room for a message, if that is what to do. Otherwise the error that refuses it. */
  #makeRoom(bytes: number): ConnectError | undefined {
    const bounds = this.#bounds;
    if (!bounds || bounds.whenFull === "wait") return undefined;
    while (!bounds.fits(this.#held, bytes)) {
      if (bounds.whenFull === "fail") return bounds.refusal(this.#held, bytes);
      this.#dropOldest();
    }
    return undefined;
  }

  #dropOldest(): void {
    let index = 0;
    while (this.#entries.at(index)?.options?.accepted) index++;
    const entry = this.#take(index);
    this.#dropped++;
    if (!entry) return;
    this.#settle(entry);
    entry.options?.onDropped?.();
  }

  #take(index: number): Entry<F> | undefined {
    const entry = this.#entries.remove(index);
    if (!entry) return undefined;
    this.#bytes -= entry.bytes;
    if (!entry.placed) return entry;
    this.#placed--;
    if (entry.options?.accepted) return entry;
    this.#held.messages--;
    this.#held.bytes -= entry.bytes;
    return entry;
  }

  /** Takes one out that will not leave. */
  #remove(entry: Entry<F>, error: ConnectError): void {
    const index = this.#entries.indexOf(entry);
    if (index < 0) return;
    this.#take(index);
    if (index === 0) this.#left++;
    this.#settle(entry, error);
    this.admit(false);
    this.#onReady();
  }

  #await(entry: Entry<F>, frame: Promise<F>): void {
    frame.then(
      (ready) => {
        entry.frame = ready;
        this.#onReady();
        if (entry.waiting) this.#waits?.begin(entry);
      },
      (error: unknown) => this.#remove(entry, ConnectError.from(error)),
    );
  }

  #wait(entry: Entry<F>): Promise<void> {
    const waiting = new Waiting<void>();
    const signal = entry.options?.signal;
    if (signal) waiting.release = onAbort(signal, () => this.#remove(entry, abortError(signal)));
    entry.waiting = waiting;
    // What is not ready waits for compression.
    if (entry.frame !== undefined) this.#waits?.begin(entry);
    return waiting.promise;
  }

  /** Settles the `send` of a message, if that has not happened. */
  #settle(entry: Entry<F>, error?: ConnectError): void {
    this.#waits?.end(entry);
    const { waiting } = entry;
    if (!waiting) return;
    entry.waiting = undefined;
    if (error) waiting.reject(error, this.#owner);
    else waiting.resolve();
  }
}

function createEntry<F>(bytes: number, options: Resend | undefined): Entry<F> {
  return {
    frame: undefined,
    bytes,
    options,
    placed: false,
    waiting: undefined,
  };
}
