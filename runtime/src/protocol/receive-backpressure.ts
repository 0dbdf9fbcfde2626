// SPDX-License-Identifier: Apache-2.0
import { type Bounds, DEFAULT_QUEUE_BYTES } from "../call/bounds.js";
import type { DecoderEvents } from "./decoder.js";
import type { EnvelopeReader } from "./envelope/envelope-reader.js";

/** Holds the peer back while more waits to be read than should. */
export class ReceiveBackpressure {
  readonly #reader: EnvelopeReader;
  readonly #bounds: Bounds | undefined;
  readonly #events: Pick<DecoderEvents, "onPause">;
  #paused = false;

  constructor(
    reader: EnvelopeReader,
    bounds: Bounds | undefined,
    events: Pick<DecoderEvents, "onPause">,
  ) {
    this.#reader = reader;
    this.#bounds = bounds;
    this.#events = events;
  }

  /** More waits than before. */
  onGrow(): void {
    if (this.#paused || !this.#full()) return;
    this.#paused = true;
    this.#events.onPause(true);
  }

  /** Less waits than before. */
  onShrink(): void {
    if (this.#paused && this.#isLow()) this.end();
  }

  /** Lets the peer go on, whatever waits. */
  end(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#events.onPause(false);
  }

  /** Never before a message is whole: its rest has to come. */
  #full(): boolean {
    const reader = this.#reader;
    const bounds = this.#bounds;
    const { buffered: bytes } = reader;
    if (!bounds) return bytes >= DEFAULT_QUEUE_BYTES && reader.hasNext;
    const { messages, tooLarge } = reader.count;
    return tooLarge || (bounds.whenFull === "wait" && bounds.full({ messages, bytes }));
  }

  /** What is left is little, or a piece of a message, whose rest has to come first. */
  #isLow(): boolean {
    const reader = this.#reader;
    const bounds = this.#bounds;
    const { buffered: bytes } = reader;
    if (!reader.hasNext) return true;
    if (!bounds) return bytes < DEFAULT_QUEUE_BYTES / 2;
    const { messages, tooLarge } = reader.count;
    return !tooLarge && bounds.isLow({ messages, bytes });
  }
}
