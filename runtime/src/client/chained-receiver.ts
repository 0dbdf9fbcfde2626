// SPDX-License-Identifier: Apache-2.0
import { ConnectError } from "@connectrpc/connect";
import type { RecvOptions } from "../api/options.js";
import { Receiver, type ReceiverOptions } from "../call/receiver.js";

/** A stream that messages are pulled from. */
export interface ChainedStream<T> {
  recv(options?: RecvOptions): Promise<T | undefined>;
  /** Told of each message that is pulled, before anybody gets it. */
  onMessage(message: T): void;
  /** The stream has no more. Says with `finish` or `attach` what follows. */
  onEnd(error: ConnectError | undefined): void;
}

/**
 * The receiving half of a stream that is made of others, one after the other. It holds at most one
 * message: the first of a stream is pulled before anybody asks, others when somebody waits.
 */
export class ChainedReceiver<T> {
  readonly #inbound: Receiver<T>;
  #stream: ChainedStream<T> | undefined;
  #held: T | undefined;
  #pulling = false;

  constructor(options?: ReceiverOptions<T>) {
    this.#inbound = new Receiver({ take: () => this.#take() }, options);
  }

  recv(options?: RecvOptions): Promise<T | undefined> {
    return this.#inbound.recv(options);
  }

  attach(stream: ChainedStream<T>): void {
    this.#stream = stream;
    this.#pull(stream);
  }

  /** The stream at hand has failed, and another one follows. */
  detach(): void {
    this.#stream = undefined;
    this.#pulling = false;
  }

  /** Forgets what nobody has received. */
  drop(): void {
    this.#held = undefined;
  }

  finish(error?: ConnectError): void {
    this.detach();
    this.#inbound.finish(error);
  }

  #take(): T | undefined {
    const message = this.#held;
    this.#held = undefined;
    if (message === undefined && this.#stream && !this.#pulling) this.#pull(this.#stream);
    return message;
  }

  #pull(stream: ChainedStream<T>): void {
    this.#pulling = true;
    stream.recv().then(
      (message) => {
        if (stream !== this.#stream) return;
        if (message === undefined) return stream.onEnd(undefined);
        this.#pulling = false;
        this.#got(stream, message);
      },
      (error: unknown) => {
        if (stream === this.#stream) stream.onEnd(ConnectError.from(error));
      },
    );
  }

  #got(stream: ChainedStream<T>, message: T): void {
    this.#held = message;
    stream.onMessage(message);
    this.#inbound.ready();
  }
}
