// SPDX-License-Identifier: Apache-2.0
import { Queued } from "../linked-queue.js";
import type { FrameWriter } from "./frames/frame-writer.js";
import type { HeaderList } from "./header-list.js";
import { HeldData } from "./held-data.js";
import { PieceQueue } from "./piece-queue.js";
import type { Http2Stream } from "./stream.js";
import { noEvents, type StreamEvents } from "./stream-events.js";

/**
 * Everything about one exchange, in one object: what waits to be sent, its windows, and how far each
 * side is. `Http2Stream` has what an embedder does with it.
 */
export abstract class StreamState extends Queued<Http2Stream> {
  /** Its number. */
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

  /** Bytes that the peer's window allows, and that ours still allows the peer. */
  sendWindow: number;
  receiveWindow: number;
  /** Bytes taken in for which the peer has got no new window. */
  owed = 0;
  /** What its window is by now, when nothing is owed. */
  windowTarget: number;
  /** Bytes that have been received and not taken in. */
  unread = 0;
  /** Whether headers have been given to it, so that data may follow. */
  started = false;
  /** What waits to be sent: around the data. */
  headers: HeaderList | undefined = undefined;
  interim: HeaderList[] | undefined = undefined;
  trailers: HeaderList | undefined = undefined;
  /** Whether the embedder has ended its side. */
  ending = false;
  /** Code of a reset that goes behind the end; -1: none. */
  stopCode = -1;
  /** Whether `onDrain` is to be told when there is room, and whether there is. */
  wantsDrain = false;
  drainDue = false;
  /** What has come while it was paused. */
  held: HeldData | undefined = undefined;
  /** Whether the embedder wants no data now. */
  paused = false;
  /** The peer has ended its side, and `onEnd` is due. */
  endDue = false;
  receivedTrailers: HeaderList | undefined = undefined;
  /** Whether the headers that all else follows have come. */
  gotHeaders = false;
  /** Of the peer's `content-length`, what is still to come; -1: unknown. */
  contentLeft = -1;
  /** Interim responses so far. */
  interimCount = 0;
  /** Whether the handler has returned, on a server. */
  released = false;
  /** `buffered` when stalls were last looked for; -1: not yet. */
  stallMark = -1;

  /** The piece to go next, from where on, and those behind it. */
  #piece: Uint8Array | undefined = undefined;
  #start = 0;
  #more: PieceQueue | undefined = undefined;

  constructor(id: number, sendWindow: number, receiveWindow: number) {
    super();
    this.id = id;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
    this.windowTarget = receiveWindow;
  }

  /** Appends to what waits to be sent. */
  append(piece: Uint8Array): void {
    if (this.#piece === undefined) this.#piece = piece;
    else {
      this.#more ??= new PieceQueue();
      this.#more.push(piece);
    }
    this.buffered += piece.length;
  }

  /** Keeps data until `resume`. */
  hold(bytes: Uint8Array, start: number, end: number): void {
    this.held ??= new HeldData();
    this.held.push(bytes, start, end);
  }

  /** Moves the next bytes of what waits into a frame. */
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

  /** Drops what waits to be sent. */
  drop(): void {
    this.#piece = undefined;
    this.#more = undefined;
    this.#start = 0;
    this.buffered = 0;
    this.headers = undefined;
    this.interim = undefined;
    this.trailers = undefined;
  }

  #nextPiece(): void {
    this.#start = 0;
    this.#piece = this.#more?.shift();
  }
}
