// SPDX-License-Identifier: Apache-2.0
import { LinkedQueue } from "../linked-queue.js";
import { LARGE_TURN_BYTES, SMALL_TURN_BYTES } from "./limits.js";
import type { Http2Stream } from "./stream.js";

/** What streams are written to, and what it has room for. */
export interface TurnWriter {
  /** Bytes of data that the connection's window allows. */
  readonly sendWindow: number;
  /** Whether as much has been written as should go at once. */
  readonly full: boolean;
  /** Writes headers that wait, and no data. */
  writeHead(stream: Http2Stream): void;
  /** Writes what a stream has to say, of its data `bytes` at most. */
  writeTurn(stream: Http2Stream, bytes: number): void;
}

/**
 * Whose turn it is. Streams that have little to send come first, in the order in which they asked;
 * then those with more, one turn each, and those that have had one go to the end. Neither kind can
 * keep the other waiting: if the large ones were left without a turn, one of them begins.
 */
export class Scheduler {
  /** Streams that have something to say, and have not said it. */
  readonly #fresh = new LinkedQueue<Http2Stream>();
  /** Streams with more data than a turn, or for which the connection's window had no room. */
  readonly #waiting = new LinkedQueue<Http2Stream>();
  #starved = false;

  /** Whether a lap with this window could write anything. */
  canWrite(sendWindow: number): boolean {
    return this.#fresh.length > 0 || (this.#waiting.length > 0 && sendWindow > 0);
  }

  /** The stream has something to send. */
  add(stream: Http2Stream): void {
    if (stream.queue === undefined) this.#fresh.push(stream);
  }

  /** The stream has nothing to send any more. */
  remove(stream: Http2Stream): void {
    stream.queue?.remove(stream);
  }

  /** Gives streams their turns until all have had one or the writer is full. */
  lap(writer: TurnWriter): void {
    if (this.#starved) this.#large(writer, 1);
    const large = this.#waiting.length;
    this.#small(writer);
    this.#starved = large > 0 && (writer.full || writer.sendWindow <= 0);
    this.#large(writer, this.#waiting.length);
  }

  #small(writer: TurnWriter): void {
    while (!writer.full) {
      const stream = this.#fresh.shift();
      if (!stream) return;
      if (stream.buffered <= Math.min(SMALL_TURN_BYTES, writer.sendWindow)) {
        writer.writeTurn(stream, SMALL_TURN_BYTES);
      } else {
        writer.writeHead(stream);
        this.#waiting.push(stream);
      }
    }
  }

  #large(writer: TurnWriter, turns: number): void {
    for (let i = 0; i < turns && !writer.full && writer.sendWindow > 0; i++) {
      const stream = this.#waiting.shift();
      if (!stream) return;
      writer.writeTurn(stream, LARGE_TURN_BYTES);
      if (stream.buffered > 0 && stream.sendWindow > 0) this.#waiting.push(stream);
    }
  }
}
