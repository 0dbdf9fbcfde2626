// SPDX-License-Identifier: Apache-2.0
import {
  ErrorCode,
  type Http2Stream,
  type StreamEvents,
  type StreamFailure,
} from "../../http2/index.js";
import type { Fields } from "../../protocol/fields.js";
import type { ServerWireEvents } from "../../protocol/wire.js";
import { clientGone } from "../../server/client-gone.js";
import type { AttachableWire } from "../../server/dispatch.js";
import { type HalfClose, LINGER_MS, STOP_DELAY_MS } from "../../server/half-close.js";
import { toHeaderList } from "../http2/header-lists.js";
import { allocate } from "../write-pieces.js";
import { responseHeaders, type ServedConnection } from "./http2-exchange.js";

/** A request that came over HTTP/2, answered on its stream. */
export class Http2ServerWire implements AttachableWire, StreamEvents {
  readonly #stream: Http2Stream;
  readonly #connection: ServedConnection;
  readonly #halfClose: HalfClose;
  #events: ServerWireEvents | undefined;
  #gone = false;
  #sent = false;
  #lingerTimer: NodeJS.Timeout | undefined;

  constructor(stream: Http2Stream, connection: ServedConnection, halfClose: HalfClose) {
    this.#stream = stream;
    this.#connection = connection;
    this.#halfClose = halfClose;
  }

  attach(events: ServerWireEvents): void {
    this.#events = events;
    this.#stream.events = this;
  }

  get buffered(): number {
    return this.#stream.buffered;
  }

  get maxHeaderBytes(): number {
    return this.#connection.maxHeaderBytes;
  }

  respond(status: number, header: Fields): void {
    this.#stream.respond(responseHeaders(status, header));
  }

  allocate(bytes: number): Uint8Array {
    return allocate(bytes);
  }

  write(pieces: readonly Uint8Array[]): boolean {
    let room = true;
    for (const piece of pieces) room = this.#stream.write(piece);
    return room;
  }

  end(trailer: Fields | undefined, abrupt: boolean): void {
    const stream = this.#stream;
    if (this.#gone) return;
    stream.end(trailer && toHeaderList("", () => [], trailer));
    if (!stream.remoteEnded) this.#stopRequest();
    if (abrupt) this.#lingerTimer = setTimeout(() => this.reset(), LINGER_MS);
  }

  reset(): void {
    this.#stream.reset(ErrorCode.CANCEL);
    this.#onGone();
  }

  release(): void {
    this.#stream.release();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  defer<T>(task: (of: T) => void, of: T): void {
    process.nextTick(task, of);
  }

  /** Of responses only. */
  onHeaders(): void {}

  onInterim(): void {}

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.#halfClose.received();
    this.#events?.onData(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start));
  }

  onEnd(): void {
    this.#halfClose.ended(() => {
      if (!this.#gone) this.#events?.onEnd(undefined);
    });
  }

  onSent(): void {
    if (this.#gone) return;
    this.#sent = true;
    clearTimeout(this.#lingerTimer);
    this.#events?.onFinish();
  }

  onDrain(): void {
    this.#events?.onDrain();
  }

  onFail({ kind }: StreamFailure): void {
    const told = this.#gone || this.#sent;
    this.#onGone();
    if (told) return;
    const error = clientGone();
    this.#events?.onFail(error, kind === "connection" ? "connection" : "client");
  }

  #onGone(): void {
    this.#gone = true;
    clearTimeout(this.#lingerTimer);
  }

  /**
   * Tells a client that still sends that it may stop. Not at once: by then most have stopped by
   * themselves, and Node's clients from 22 on lose what they have not read of a response when a reset
   * comes right behind it.
   */
  #stopRequest(): void {
    setTimeout(() => this.#stream.resetAfterEnd(ErrorCode.NO_ERROR), STOP_DELAY_MS).unref();
  }
}
