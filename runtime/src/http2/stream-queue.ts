// SPDX-License-Identifier: Apache-2.0
import type { Http2Stream } from "./stream.js";

/** Streams in order, linked through themselves. A stream is in one queue at most. */
export class StreamQueue {
  length = 0;
  #first: Http2Stream | undefined = undefined;
  #last: Http2Stream | undefined = undefined;

  push(stream: Http2Stream): void {
    stream.queue = this;
    stream.previous = this.#last;
    if (this.#last) this.#last.next = stream;
    else this.#first = stream;
    this.#last = stream;
    this.length++;
  }

  shift(): Http2Stream | undefined {
    const first = this.#first;
    if (first) this.remove(first);
    return first;
  }

  /** Takes out a stream that is in this queue. */
  remove(stream: Http2Stream): void {
    const { previous, next } = stream;
    if (previous) previous.next = next;
    else this.#first = next;
    if (next) next.previous = previous;
    else this.#last = previous;
    stream.previous = undefined;
    stream.next = undefined;
    stream.queue = undefined;
    this.length--;
  }
}
