// SPDX-License-Identifier: Apache-2.0
import type { Http2Stream } from "./stream.js";

/**
 * The open streams of a connection, by their numbers. A `Map` that changes all the time leaves tables
 * behind, each of which refers to the next: once V8 has taken one for an old object, it keeps all that follow,
 * with the calls that were open, until a full garbage collection.
 */
export class OpenStreams {
  readonly #byId: Record<number, Http2Stream> = Object.create(null);
  size = 0;

  get(id: number): Http2Stream | undefined {
    return this.#byId[id];
  }

  add(stream: Http2Stream): void {
    this.#byId[stream.id] = stream;
    this.size++;
  }

  delete(stream: Http2Stream): void {
    if (this.#byId[stream.id] !== stream) return;
    delete this.#byId[stream.id];
    this.size--;
  }

  /** All of them, as they are now, the oldest first. */
  list(): Http2Stream[] {
    return Object.values(this.#byId);
  }
}
