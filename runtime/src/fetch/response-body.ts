// SPDX-License-Identifier: Apache-2.0
import { join } from "./join.js";

/** How much may wait for the host to take it, in bytes, before `write` says to wait. */
const HIGH_WATER_BYTES = 64 * 1024;

/** Whom a response body tells. */
export interface ResponseBodyEvents {
  onDrain(): void;
  /** The host has taken the last byte. */
  onFinish(): void;
  /** The host wants nothing more: the client is gone. */
  onCancel(): void;
}

/**
 * The body of a response. Holds what was written until its host asks for it, and so knows when the
 * last byte has been taken, which the queue of a `ReadableStream` does not tell.
 */
export class ResponseBody {
  readonly #events: ResponseBodyEvents;
  readonly #pieces: Uint8Array[] = [];
  /** Bytes that the host has not taken. */
  buffered = 0;
  #full = false;
  #ended = false;
  #error: Error | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** The host waits for a piece. */
  #wanted = false;

  constructor(events: ResponseBodyEvents) {
    this.#events = events;
  }

  /** False: more should wait for `onDrain`. */
  write(pieces: readonly Uint8Array[]): boolean {
    for (const piece of pieces) {
      if (piece.byteLength === 0) continue;
      this.#pieces.push(piece);
      this.buffered += piece.byteLength;
    }
    this.#deliver();
    this.#full = this.buffered >= HIGH_WATER_BYTES;
    return !this.#full;
  }

  /** Nothing follows. */
  end(): void {
    this.#ended = true;
    this.#deliver();
  }

  /** Breaks the body off: what the host has not taken is dropped. */
  fail(error: Error): void {
    this.#error = error;
    this.#pieces.length = 0;
    this.buffered = 0;
    this.#controller?.error(error);
  }

  /** For the `Response`. What is whole already is no stream, so that the host knows its length. */
  toBodyInit(): BodyInit | null {
    if (!this.#ended || this.#error) return this.#createStream();
    const whole = join(this.#pieces.splice(0), this.buffered);
    this.buffered = 0;
    this.#events.onFinish();
    return whole.byteLength > 0 ? whole : null;
  }

  #createStream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
          if (this.#error) controller.error(this.#error);
        },
        pull: () => {
          this.#wanted = true;
          this.#deliver();
        },
        cancel: () => this.#events.onCancel(),
      },
      { highWaterMark: 0 },
    );
  }

  #deliver(): void {
    const controller = this.#controller;
    if (!controller || !this.#wanted || this.#error) return;
    const piece = this.#pieces.shift();
    if (piece) {
      this.#wanted = false;
      this.buffered -= piece.byteLength;
      controller.enqueue(piece);
    }
    if (this.#ended && this.#pieces.length === 0) {
      this.#wanted = false;
      controller.close();
      this.#events.onFinish();
    } else if (this.#full && this.buffered < HIGH_WATER_BYTES) {
      this.#full = false;
      this.#events.onDrain();
    }
  }
}
