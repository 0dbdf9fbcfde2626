// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { StreamOutcome } from "../api/outcome.js";
import { abortError, onAbort } from "../call/abort.js";
import { Fifo } from "../call/fifo.js";
import { type Settings, valueThat, wholeFrom } from "../options/declare.js";
import type { QueueFills, WhenFull } from "../options/queues.js";

/** A stream that sends, of either side. Server streams have `context`, client streams `outcome`. */
export interface SendingStream<M> {
  send(message: M): Promise<void>;
  readonly queued: Pick<QueueFills, "send">;
  readonly context?: { readonly signal: AbortSignal };
  readonly outcome?: Promise<StreamOutcome>;
}

/** Messages that wait by default. */
export const DEFAULT_MAX_MESSAGES = 1024;

const allowed: readonly unknown[] = ["wait", "fail", "drop-oldest"] satisfies WhenFull[];
const pushed: readonly unknown[] = ["fail", "drop-oldest"] satisfies WhenFull[];

const maxMessages = wholeFrom(1, 2 ** 32 - 1);

/** Options of a pipe whose source can wait. */
export const pipeSettings: Settings = {
  maxMessages,
  whenFull: valueThat(allowed.join(", "), (value) => allowed.includes(value)),
};

/** Options of a pipe whose source can't. */
export const pushedSettings: Settings = {
  maxMessages,
  whenFull: valueThat(pushed.join(", "), (value) => pushed.includes(value)),
};

/** How a pump's queue is bounded, and what stops it. */
export interface PumpOptions {
  readonly maxMessages: number;
  readonly whenFull: WhenFull;
  readonly signal: AbortSignal | undefined;
}

/**
 * Sends what is pushed, in order, and keeps what flow control does not let out in a queue with
 * bounds. Stops once: when the source ends and all is sent, or when the source, the stream or the
 * queue fails.
 */
export class SendPump<M> {
  /** Resolves when all is sent, rejects with what failed. */
  readonly done: Promise<void>;
  readonly #stream: SendingStream<M>;
  readonly #options: PumpOptions;
  readonly #queue: Fifo<M> = new Fifo();
  readonly #cleanups: (() => void)[] = [];
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  /** Sends that have not settled. */
  #pending = 0;
  #ended = false;
  #stopped = false;
  #onRoom: (() => void) | undefined;

  constructor(stream: SendingStream<M>, options: PumpOptions) {
    this.#stream = stream;
    this.#options = options;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => undefined);
    this.#stopOn(options.signal);
    this.#stopOn(stream.context?.signal);
    stream.outcome?.then(({ error }) => this.fail(error ?? endedError()));
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Calls `cleanup` when the pump stops, or now if it has. */
  onStop(cleanup: () => void): void {
    if (this.#stopped) cleanup();
    else this.#cleanups.push(cleanup);
  }

  /** Takes a message. */
  push(message: M): void {
    if (this.#stopped || this.#ended) return;
    this.#queue.push(message);
    this.#sendNext();
    if (this.#queue.length <= this.#options.maxMessages) return;
    if (this.#options.whenFull === "drop-oldest") this.#queue.shift();
    else if (this.#options.whenFull === "fail") this.fail(fullError(this.#options.maxMessages));
  }

  /** Resolves when the queue has room, or the pump has stopped. */
  async room(): Promise<void> {
    const { maxMessages, whenFull } = this.#options;
    while (!this.#stopped && whenFull === "wait" && this.#queue.length >= maxMessages) {
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve;
      });
    }
  }

  /** No message follows. */
  end(): void {
    this.#ended = true;
    this.#sendNext();
  }

  /** Stops with an error. What waits is not sent. */
  fail(error: unknown): void {
    this.#stop(() => this.#reject(error));
  }

  /** Sends as long as flow control lets messages out at once, then one when the one before is out. */
  #sendNext(): void {
    while (!this.#stopped && this.#queue.length > 0 && !this.#heldBack()) {
      const message = this.#queue.shift();
      if (message !== undefined) this.#send(message);
    }
    this.#onRoom?.();
    if (this.#ended && this.#queue.length === 0 && this.#pending === 0) this.#stop(this.#resolve);
  }

  #heldBack(): boolean {
    return this.#pending > 0 && this.#stream.queued.send.messages > 0;
  }

  #send(message: M): void {
    this.#pending++;
    this.#stream.send(message).then(
      () => {
        this.#pending--;
        this.#sendNext();
      },
      (error: unknown) => this.fail(error),
    );
  }

  #stopOn(signal: AbortSignal | undefined): void {
    if (!signal) return;
    if (signal.aborted) this.fail(abortError(signal));
    else this.onStop(onAbort(signal, () => this.fail(abortError(signal))));
  }

  #stop(settle: () => void): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#queue.clear();
    settle();
    this.#onRoom?.();
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
  }
}

function fullError(max: number): ConnectError {
  const text = `the pipe's queue is full: ${max} messages, configured maxMessages is ${max}`;
  return new ConnectError(text, Code.ResourceExhausted);
}

function endedError(): ConnectError {
  return new ConnectError("the server has ended the call", Code.Canceled);
}
