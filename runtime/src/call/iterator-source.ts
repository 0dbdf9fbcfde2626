// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { QueueFill } from "../options/queues.js";
import type { Bounds } from "./bounds.js";
import { Fifo } from "./fifo.js";
import type { Overflow, Overflowing } from "./overflow.js";
import type { MessageSource } from "./receiver.js";

/**
 * Messages to pull in one turn of the event loop beyond what may be held, for a queue that holds
 * nobody back: without an end, an iterable that always has more would let no turn end.
 */
const MAX_BEYOND = 64;

/** Whom an iterator's source tells. */
export interface IteratorEvents {
  /** A message can be taken that could not before. */
  onReady(): void;
  /** No message follows those that are held. */
  onEnd(): void;
  /** No message follows those that are held: the iterator threw. */
  onError(error: unknown): void;
  /** This side cannot go on: more is held than may be, or what came cannot be measured. */
  onFault(error: ConnectError): void;
}

/** How much a source holds. */
export interface Holding<T> {
  /** How many messages to pull before somebody asks, to see the end in time. Default: 0. */
  readonly ahead?: number;
  /** What may be held beyond that. Default: nothing, messages are pulled when they are asked for. */
  readonly bounds?: Bounds | undefined;
  /** How to know the bytes of a message; throws for what is none. Default: they are not known, and 0. */
  readonly measure?: ((message: T) => number) | undefined;
}

/** Messages from an async iterable, pulled one by one while there is room for them. */
export class IteratorSource<T> implements MessageSource<T>, Overflowing {
  readonly #iterator: AsyncIterator<T>;
  readonly #events: IteratorEvents;
  readonly #ahead: number;
  readonly #bounds: Bounds | undefined;
  readonly #measure: ((message: T) => number) | undefined;
  readonly #overflow: Overflow | undefined;
  readonly #held: Fifo<T> = new Fifo();
  /** Bytes of each, if they are measured. */
  readonly #sizes: Fifo<number> | undefined;
  #bytes = 0;
  #dropped = 0;
  /** True while a message is on its way, and when none will come. */
  #pulling = false;
  /** Messages pulled since there were too many. */
  #beyond = 0;
  complete = false;
  /** The iterator has said that it is done, or has thrown. */
  #exhausted = false;
  #stopped = false;
  /** Messages taken or dropped so far. */
  taken = 0;

  constructor(iterable: AsyncIterable<T>, events: IteratorEvents, holding: Holding<T> = {}) {
    this.#iterator = iterable[Symbol.asyncIterator]();
    this.#events = events;
    this.#ahead = holding.ahead ?? 0;
    this.#bounds = holding.bounds;
    this.#measure = holding.measure;
    this.#sizes = holding.measure && new Fifo();
    this.#overflow = holding.bounds?.overflowOf(this);
    this.#pull();
  }

  /** What can be taken. */
  get unread(): QueueFill {
    return { messages: this.#held.length, bytes: this.#bytes, dropped: this.#dropped };
  }

  take(): T | undefined {
    const message = this.#shift();
    this.#pull(message === undefined);
    return message;
  }

  dropOldest(): void {
    this.#dropped++;
    this.#beyond = 0;
    this.#shift();
    this.#pull();
  }

  overflow(error: ConnectError): void {
    this.complete = true;
    this.#events.onFault(error);
  }

  /**
   * Takes no more. Whoever gives the messages is told, so that its `finally` runs. An iterator that
   * waits for its own `next` may answer late or never: nobody waits for it.
   */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.complete = true;
    if (this.#exhausted) return;
    try {
      this.#iterator.return?.()?.then(undefined, () => undefined);
    } catch {
      // The call is over, and nobody else has a use for what its iterable throws.
    }
  }

  #shift(): T | undefined {
    const message = this.#held.shift();
    if (message === undefined) return undefined;
    this.taken++;
    this.#bytes -= this.#sizes?.shift() ?? 0;
    return message;
  }

  /** Pulls the next message, if it is `wanted` or there is room for it. */
  #pull(wanted = false): void {
    if (this.#pulling || this.complete || !(wanted || this.#hasRoom())) return;
    this.#pulling = true;
    this.#iterator.next().then(
      (result) => {
        if (result.done) return this.#exhaust(() => this.#events.onEnd());
        this.#pulling = false;
        if (!this.complete) this.#hold(result.value);
      },
      (error: unknown) => this.#exhaust(() => this.#events.onError(error)),
    );
  }

  #hold(message: T): void {
    const bytes = this.#sizeOf(message);
    if (bytes === undefined) return;
    this.#held.push(message);
    this.#sizes?.push(bytes);
    this.#bytes += bytes;
    this.#events.onReady();
    this.#beyond++;
    this.#overflow?.onGrow();
    this.#pull();
  }

  /** `undefined`, and the end, for what is no message: interceptors may yield anything. */
  #sizeOf(message: T): number | undefined {
    try {
      return this.#measure?.(message) ?? 0;
    } catch (thrown) {
      this.#end(() => this.#events.onFault(ConnectError.from(thrown, Code.Internal)));
      return undefined;
    }
  }

  #exhaust(tell: () => void): void {
    this.#exhausted = true;
    this.#end(tell);
  }

  #end(tell: () => void): void {
    if (this.complete) return;
    this.complete = true;
    tell();
  }

  #hasRoom(): boolean {
    if (this.#held.length < this.#ahead) return true;
    const bounds = this.#bounds;
    if (!bounds) return false;
    if (!this.#overflow) return !bounds.full(this.unread);
    if (!bounds.over(this.unread)) this.#beyond = 0;
    return this.#beyond < MAX_BEYOND;
  }
}
