// SPDX-License-Identifier: Apache-2.0
import {
  constants,
  type Http2ServerResponse,
  type Http2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Fields } from "../../protocol/fields.js";
import type { ServerWireEvents } from "../../protocol/wire.js";
import { clientGone } from "../../server/client-gone.js";
import type { AttachableWire } from "../../server/dispatch.js";
import { type HalfClose, LINGER_MS, STOP_DELAY_MS } from "../../server/half-close.js";
import { whenFair } from "../fair-share.js";
import { toNodeHeaders } from "../headers.js";
import { toUint8Array } from "../to-uint8array.js";
import { allocate, writeTogether } from "../write-pieces.js";
import { stopRequest } from "./drain-request.js";

/**
 * The longest block of headers that nghttp2 sends. A longer one ends the connection.
 * https://nghttp2.org/documentation/nghttp2_option_set_max_send_header_block_length.html
 */
const MAX_SEND_HEADER_BLOCK_BYTES = 64 * 1024;

/** A request that came over HTTP/2, answered on its stream. */
export class NodeHttp2ServerWire implements AttachableWire {
  readonly #stream: ServerHttp2Stream;
  readonly #response: Http2ServerResponse;
  /** A stream that is closed has forgotten its own. */
  readonly #session: Http2Session | undefined;
  readonly #halfClose: HalfClose;
  readonly #body: Uint8Array | undefined;
  #events: ServerWireEvents | undefined;
  #requestEnded = false;
  #gone = false;
  /** The response has left. */
  #finished = false;

  /** `body`: what a parser has left of the request's, if it has read that. */
  constructor(response: Http2ServerResponse, halfClose: HalfClose, body: Uint8Array | undefined) {
    this.#body = body;
    this.#response = response;
    this.#stream = response.stream;
    this.#session = response.stream.session;
    this.#halfClose = halfClose;
  }

  /** Starts to tell `events`. */
  attach(events: ServerWireEvents): void {
    this.#events = events;
    const stream = this.#stream;
    const body = this.#body;
    if (body) process.nextTick(() => this.#tellBody(events, body));
    else this.#read(events);
    const onDrain = () => events.onDrain();
    stream.on("drain", () => whenFair(stream, onDrain));
    stream.on("aborted", () => this.#onGone());
    stream.on("finish", () => this.#onFinish());
    stream.on("close", () => this.#onGone());
    stream.on("error", () => this.#onGone());
    if (stream.destroyed || stream.aborted) this.#onGone();
  }

  get buffered(): number {
    return this.#stream.writableLength;
  }

  get maxHeaderBytes(): number {
    const { maxHeaderListSize = Number.POSITIVE_INFINITY } = this.#session?.remoteSettings ?? {};
    return Math.min(maxHeaderListSize, MAX_SEND_HEADER_BLOCK_BYTES);
  }

  respond(status: number, header: Fields): void {
    if (this.#gone || this.#stream.headersSent) return;
    const fields = { ...toNodeHeaders(header), ":status": status };
    this.#stream.respond(fields, { waitForTrailers: true });
  }

  readonly allocate: typeof allocate = allocate;

  write(pieces: readonly Uint8Array[]): boolean {
    return this.#gone || writeTogether(this.#stream, pieces);
  }

  end(trailer: Fields | undefined, abrupt: boolean): void {
    const stream = this.#stream;
    if (this.#gone) return;
    if (trailer) this.#response.addTrailers(toNodeHeaders(trailer));
    // All data is with nghttp2, and so are the trailers: the listener of the response came first.
    if (!this.#requestEnded) {
      stream.once("wantTrailers", () => setTimeout(stopRequest, STOP_DELAY_MS, stream));
    }
    stream.end();
    if (!abrupt) return;
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), LINGER_MS);
    stream.once("close", () => clearTimeout(timer));
  }

  reset(): void {
    if (!this.#gone) this.#stream.close(constants.NGHTTP2_CANCEL);
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

  #read(events: ServerWireEvents): void {
    this.#stream.on("data", (chunk: Buffer) => {
      this.#halfClose.received();
      events.onData(toUint8Array(chunk));
    });
    this.#stream.on("end", () => this.#onEnd());
  }

  #tellBody(events: ServerWireEvents, body: Uint8Array): void {
    this.#requestEnded = this.#stream.readableEnded;
    if (this.#gone) return;
    events.onData(body);
    events.onEnd(undefined);
  }

  #onEnd(): void {
    this.#requestEnded = true;
    this.#halfClose.ended(() => {
      if (!this.#gone) this.#events?.onEnd(undefined);
    });
  }

  /** What was written, trailers apart, is with the socket; and these follow at once. */
  #onFinish(): void {
    if (this.#gone) return;
    this.#finished = true;
    this.#events?.onFinish();
  }

  #onGone(): void {
    if (this.#gone) return;
    this.#gone = true;
    if (this.#finished) return;
    const error = clientGone();
    this.#events?.onFail(error, this.#connectionLost() ? "connection" : "client");
  }

  /** Node resets the streams of a lost connection as a client does that cancels. */
  #connectionLost(): boolean {
    const session = this.#session;
    return session !== undefined && (session.destroyed || session.socket.destroyed);
  }
}
