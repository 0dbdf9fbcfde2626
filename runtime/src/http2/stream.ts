// SPDX-License-Identifier: Apache-2.0
import type { FrameWriter } from "./frames/frame-writer.js";
import type { HeaderList } from "./header-list.js";
import { HeldData } from "./held-data.js";
import { noEvents, type StreamEvents } from "./stream-events.js";
import type { StreamQueue } from "./stream-queue.js";

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
 * One exchange. Everything about it is here: what waits to be sent, its windows, and how far each
 * side is. What is sent is written when the connection flushes, with that of all other streams.
 */
export class Http2Stream {
  readonly id: number;
  events: StreamEvents = noEvents;
  /** Whether data counts as taken in once it has been passed on. If not, call {@link consume}. */
  autoConsume = true;
  /** Bytes that have been written and have not left. */
  buffered = 0;
  /** Whether both sides are done, or it was reset. */
  closed = false;
  /** Whether END_STREAM has been sent, and received. */
  localEnded = false;
  remoteEnded = false;

  /** Whether a frame of it has been sent or received: whether the peer can know of it. */
  known = false;

  /** @internal Bytes that the peer's window allows, and that ours still allows the peer. */
  sendWindow: number;
  /** @internal */
  receiveWindow: number;
  /** @internal Bytes taken in for which the peer has got no new window. */
  owed = 0;
  /** @internal What its window is by now, when nothing is owed. */
  windowTarget: number;
  /** @internal Bytes that have been received and not taken in. */
  unread = 0;
  /** @internal Whether headers have been given to it, so that data may follow. */
  started = false;
  /** @internal What waits to be sent: around the data. */
  headers: HeaderList | undefined = undefined;
  /** @internal */
  interim: HeaderList[] | undefined = undefined;
  /** @internal */
  trailers: HeaderList | undefined = undefined;
  /** @internal Whether the embedder has ended its side. */
  ending = false;
  /** @internal Code of a reset that goes behind the end; -1: none. */
  stopCode = -1;
  /** @internal Whether `onDrain` is due when there is room. */
  wantsDrain = false;
  /** @internal What has come while it was paused. */
  held: HeldData | undefined = undefined;
  /** @internal Whether the embedder wants no data now. */
  paused = false;
  /** @internal The peer has ended its side, and `onEnd` is due. */
  endDue = false;
  /** @internal */
  receivedTrailers: HeaderList | undefined = undefined;
  /** @internal Whether the headers that all else follows have come. */
  gotHeaders = false;
  /** @internal Of the peer's `content-length`, what is still to come; -1: unknown. */
  contentLeft = -1;
  /** @internal Interim responses so far. */
  interimCount = 0;
  /** @internal Whether the handler has returned, on a server. */
  released = false;
  /** @internal `buffered` when stalls were last looked for; -1: not yet. */
  stallMark = -1;
  /** @internal Its place in a queue. */
  queue: StreamQueue | undefined = undefined;
  /** @internal */
  previous: Http2Stream | undefined = undefined;
  /** @internal */
  next: Http2Stream | undefined = undefined;

  readonly #owner: StreamOwner;
  /** The piece to go next, from where on, and those behind it. */
  #piece: Uint8Array | undefined = undefined;
  #start = 0;
  #more: Uint8Array[] | undefined = undefined;
  #moreAt = 0;

  /** Made by connections. */
  constructor(owner: StreamOwner, id: number, sendWindow: number, receiveWindow: number) {
    this.#owner = owner;
    this.id = id;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
    this.windowTarget = receiveWindow;
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
      if (this.#piece === undefined) this.#piece = piece;
      else if (this.#more) this.#more.push(piece);
      else this.#more = [piece];
      this.buffered += piece.length;
      this.#owner.wake(this);
    }
    if (this.buffered < this.#owner.streamBufferBytes) return true;
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

  /** @internal Keeps data until `resume`. */
  hold(bytes: Uint8Array, start: number, end: number): void {
    this.held ??= new HeldData();
    this.held.push(bytes, start, end);
  }

  /** @internal Moves the next bytes of what waits into a frame. */
  moveData(writer: FrameWriter, bytes: number): void {
    this.buffered -= bytes;
    let left = bytes;
    while (left > 0 && this.#piece) {
      const end = Math.min(this.#piece.length, this.#start + left);
      left -= end - this.#start;
      writer.data(this.#piece, this.#start, end);
      this.#start = end;
      if (end === this.#piece.length) this.#nextPiece();
    }
  }

  /** @internal Drops what waits to be sent. */
  drop(): void {
    this.#piece = undefined;
    this.#more = undefined;
    this.#moreAt = 0;
    this.#start = 0;
    this.buffered = 0;
    this.headers = undefined;
    this.interim = undefined;
    this.trailers = undefined;
  }

  #nextPiece(): void {
    this.#start = 0;
    this.#piece = this.#more?.[this.#moreAt++];
    if (this.#piece === undefined) {
      this.#more = undefined;
      this.#moreAt = 0;
    }
  }
}

function checkList(list: HeaderList): HeaderList {
  if (list.flaw !== undefined) throw new TypeError(`invalid headers: ${list.flaw}`);
  return list;
}
