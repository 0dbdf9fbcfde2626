// SPDX-License-Identifier: Apache-2.0
import type { Inbound } from "./inbound.js";
import type { Http2Stream } from "./stream.js";

/**
 * How what streams receive reaches the embedder: at once, when it resumes a stream that it has
 * paused, or, for the end of a stream, when all that has come with it has been looked at.
 */
export class Delivery {
  readonly #inbound: Inbound;
  readonly #probe: () => void;
  #ended: Http2Stream[] = [];
  #resumed: Http2Stream[] = [];

  /** `probe` measures how long the way is. */
  constructor(inbound: Inbound, probe: () => void) {
    this.#inbound = inbound;
    this.#probe = probe;
  }

  /** The peer has ended its side of a stream, which `tell` is to tell. */
  ended(stream: Http2Stream): void {
    this.#ended.push(stream);
  }

  /** The embedder takes data again, which `tell` is to give it. */
  resumed(stream: Http2Stream): void {
    this.#resumed.push(stream);
  }

  /** Content for a stream, to whoever listens. */
  deliver(stream: Http2Stream, bytes: Uint8Array, start: number, end: number): void {
    const inbound = this.#inbound;
    if (stream.paused || stream.held) {
      stream.hold(bytes, start, end);
      inbound.kept(stream, end - start);
    } else if (stream.autoConsume) {
      stream.events.onData(bytes, start, end);
      if (inbound.passed(stream, end - start)) this.#probe();
    } else {
      inbound.kept(stream, end - start);
      stream.events.onData(bytes, start, end);
    }
  }

  /** Tells the ends that have come, and what streams have that are read again. */
  tell(): void {
    if (this.#resumed.length > 0) this.#tellResumed();
    if (this.#ended.length === 0) return;
    const ended = this.#ended;
    this.#ended = [];
    for (const stream of ended) this.#tellEnd(stream);
  }

  #tellResumed(): void {
    const resumed = this.#resumed;
    this.#resumed = [];
    for (const stream of resumed) {
      while (stream.held && !stream.paused) {
        const piece = stream.held.shift();
        if (stream.held.isEmpty) stream.held = undefined;
        if (!piece) break;
        if (stream.autoConsume) this.#inbound.consumed(stream, piece.length);
        stream.events.onData(piece, 0, piece.length);
      }
      this.#tellEnd(stream);
    }
  }

  #tellEnd(stream: Http2Stream): void {
    if (!stream.endDue || stream.held) return;
    stream.endDue = false;
    const trailers = stream.receivedTrailers;
    stream.receivedTrailers = undefined;
    stream.events.onEnd(trailers);
  }
}
