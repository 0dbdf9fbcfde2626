// SPDX-License-Identifier: Apache-2.0
import { constants, type Http2ServerResponse, type ServerHttp2Stream } from "node:http2";
import type { Fields, ServerWire, WireEvents } from "../protocol/wire.js";
import { clientGone } from "./errors.js";
import { toNodeHeaders } from "./headers.js";
import { holdBack, LINGER_MS } from "./linger.js";

/** How often to ask whether the end of a response has left, in milliseconds, on a busy socket. */
const POLL_MS = 10;

/** A request that came over HTTP/2, answered on its stream. */
export class Http2ServerWire implements ServerWire {
  readonly #stream: ServerHttp2Stream;
  readonly #response: Http2ServerResponse;
  readonly #halfCloseGraceMs: number;
  #events: WireEvents | undefined;
  #requestEnded = false;
  #gone = false;

  constructor(response: Http2ServerResponse, halfCloseGraceMs: number) {
    this.#response = response;
    this.#stream = response.stream;
    this.#halfCloseGraceMs = halfCloseGraceMs;
  }

  /** Starts to tell `events`. */
  attach(events: WireEvents): void {
    this.#events = events;
    const stream = this.#stream;
    stream.on("data", (chunk: Buffer) => events.onData(plain(chunk)));
    stream.on("end", () => this.#onEnd());
    stream.on("drain", () => events.onDrain());
    stream.on("aborted", () => this.#onGone());
    stream.on("close", () => this.#onGone());
    stream.on("error", () => this.#onGone());
    if (stream.destroyed || stream.aborted) this.#onGone();
  }

  respond(status: number, header: Fields): void {
    if (this.#gone || this.#stream.headersSent) return;
    const fields = { ...toNodeHeaders(header), ":status": status };
    this.#stream.respond(fields, { waitForTrailers: true });
  }

  write(chunk: Uint8Array): boolean {
    return this.#gone || this.#stream.write(chunk);
  }

  end(trailer: Fields | undefined, abrupt: boolean): void {
    const stream = this.#stream;
    if (this.#gone) return;
    if (trailer) this.#response.addTrailers(toNodeHeaders(trailer));
    // All data is with nghttp2, and so are the trailers: the listener of the response came first.
    if (!this.#requestEnded) stream.once("wantTrailers", () => setImmediate(this.#stopRequest));
    stream.end();
    if (!abrupt) return;
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), LINGER_MS);
    stream.once("close", () => clearTimeout(timer));
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  defer(task: () => void): void {
    process.nextTick(task);
  }

  /**
   * Tells a client that still sends that it may stop. Not before the end of the response has been
   * packed up: nghttp2 lets a reset overtake what waits, and Node has no event for it.
   */
  readonly #stopRequest = (): void => {
    const stream = this.#stream;
    if (stream.destroyed) return;
    if (stream.state.localClose) stream.close(constants.NGHTTP2_NO_ERROR);
    else setTimeout(this.#stopRequest, POLL_MS);
  };

  #onEnd(): void {
    this.#requestEnded = true;
    holdBack(this.#halfCloseGraceMs, () => {
      if (!this.#gone) this.#events?.onEnd(undefined);
    });
  }

  #onGone(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#events?.onFail(clientGone("the client cancelled the call, or is gone"));
  }
}

/** Node's buffers as what they are: parsed messages must not hold a subclass. */
export function plain(chunk: Buffer): Uint8Array {
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
