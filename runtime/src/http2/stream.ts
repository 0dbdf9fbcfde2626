// SPDX-License-Identifier: Apache-2.0
import type { HeaderList } from "./header-list.js";
import { StreamState } from "./stream-state.js";

/** What a stream needs of its connection. */
export interface StreamOwner {
  /** It has something to send. */
  wake(stream: Http2Stream): void;
  reset(stream: Http2Stream, code: number): void;
  /** The embedder has taken in `bytes`. */
  consumed(stream: Http2Stream, bytes: number): void;
  /** It takes data again, and there may be some. */
  resumed(stream: Http2Stream): void;
  released(stream: Http2Stream): void;
  readonly streamBufferBytes: number;
}

/**
 * One exchange, as an embedder sees it. What is sent is written when the connection flushes, with that
 * of all other streams; nothing is sent from within a method.
 */
export class Http2Stream extends StreamState {
  readonly #owner: StreamOwner;

  /** Made by connections. */
  constructor(owner: StreamOwner, id: number, sendWindow: number, receiveWindow: number) {
    super(id, sendWindow, receiveWindow);
    this.#owner = owner;
  }

  /** Sends a server's response. Once, before any data. Throws a `TypeError` for a malformed list. */
  respond(headers: HeaderList): void {
    if (this.closed || this.ending) return;
    if (this.started) throw new TypeError("the response has been sent already");
    this.headers = checkList(headers);
    this.started = true;
    this.#owner.wake(this);
  }

  /** Sends an interim (1xx) response, before the final one. */
  sendInterim(headers: HeaderList): void {
    if (this.closed || this.ending) return;
    this.interim ??= [];
    this.interim.push(checkList(headers));
    this.#owner.wake(this);
  }

  /**
   * Sends data. It must stay as it is from now on. False: there is no more room, and `onDrain` will
   * tell when there is. What comes after the end, of either, is dropped.
   */
  write(piece: Uint8Array): boolean {
    if (this.closed || this.ending) return true;
    if (!this.started) throw new TypeError("data before the response");
    if (piece.length > 0) {
      this.append(piece);
      this.#owner.wake(this);
    }
    if (!this.wantsDrain && this.buffered < this.#owner.streamBufferBytes) return true;
    this.wantsDrain = true;
    return false;
  }

  /** Ends this side, with trailers or without. */
  end(trailers?: HeaderList): void {
    if (this.closed || this.ending) return;
    if (!this.started) throw new TypeError("an end before the response");
    if (trailers) this.trailers = checkList(trailers);
    this.ending = true;
    this.#owner.wake(this);
  }

  /** Breaks it off at once. What waits to be sent is dropped, and nothing more is told. */
  reset(code: number): void {
    this.#owner.reset(this, code);
  }

  /**
   * Resets it, too, but behind all that waits to be sent and its end: with NO_ERROR, a server tells
   * a client to stop sending after a complete response.
   */
  resetAfterEnd(code: number): void {
    if (this.closed) return;
    this.stopCode = code;
    this.#owner.wake(this);
  }

  /** Wants no data until `resume`. What comes counts against the peer's window. */
  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (this.held || this.endDue) this.#owner.resumed(this);
  }

  /** Says that bytes have been taken in, if `autoConsume` is off. */
  consume(bytes: number): void {
    this.#owner.consumed(this, bytes);
  }

  /**
   * Says that nobody works on a server's request any more. Until then it counts towards
   * `maxConcurrentStreams`, reset or not.
   */
  release(): void {
    if (this.released) return;
    this.released = true;
    this.#owner.released(this);
  }
}

function checkList(list: HeaderList): HeaderList {
  if (list.flaw !== undefined) throw new TypeError(`invalid headers: ${list.flaw}`);
  return list;
}
