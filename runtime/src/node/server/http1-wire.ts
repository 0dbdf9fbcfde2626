// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Fields } from "../../protocol/fields.js";
import type { ServerWireEvents } from "../../protocol/wire.js";
import { clientGone } from "../../server/client-gone.js";
import type { AttachableWire } from "../../server/dispatch.js";
import { toNodeHeaders } from "../headers.js";
import { toUint8Array } from "../to-uint8array.js";
import { allocate, writeEach } from "../write-pieces.js";
import { drainRequest } from "./drain-request.js";

/** A request that came over HTTP/1.1. */
export class Http1ServerWire implements AttachableWire {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #body: Uint8Array | undefined;
  #events: ServerWireEvents | undefined;
  #gone = false;
  /** The response has left. */
  #finished = false;

  /** `body`: what a parser has left of the request's, if it has read that. */
  constructor(request: IncomingMessage, response: ServerResponse, body: Uint8Array | undefined) {
    this.#request = request;
    this.#response = response;
    this.#body = body;
  }

  /** Starts to tell `events`. */
  attach(events: ServerWireEvents): void {
    this.#events = events;
    const body = this.#body;
    if (body) process.nextTick(() => this.#tellBody(events, body));
    else this.#read(events);
    this.#request.on("error", () => this.#onGone());
    this.#response.on("drain", () => events.onDrain());
    this.#response.on("finish", () => {
      this.#finished = true;
      if (!this.#gone) events.onFinish();
    });
    this.#response.on("close", () => this.#onGone());
    this.#response.on("error", () => this.#onGone());
    if (this.#isGone()) this.#onGone();
  }

  get buffered(): number {
    return this.#response.writableLength;
  }

  /** HTTP/1.1 has no measure for it. */
  get maxHeaderBytes(): number {
    return Number.POSITIVE_INFINITY;
  }

  respond(status: number, header: Fields): void {
    if (this.#gone || this.#response.headersSent) return;
    this.#response.writeHead(status, toNodeHeaders(header));
    this.#response.flushHeaders();
  }

  readonly allocate: typeof allocate = allocate;

  write(pieces: readonly Uint8Array[]): boolean {
    return this.#gone || writeEach(this.#response, pieces);
  }

  end(trailer: Fields | undefined, abrupt: boolean): void {
    if (this.#gone) return;
    if (trailer) this.#response.addTrailers(toNodeHeaders(trailer) as Record<string, string>);
    this.#response.end();
    if (abrupt || !this.#request.complete) drainRequest(this.#request, this.#response, abrupt);
  }

  reset(): void {
    this.#request.socket.destroy();
  }

  pause(): void {
    this.#request.pause();
  }

  resume(): void {
    this.#request.resume();
  }

  defer<T>(task: (of: T) => void, of: T): void {
    process.nextTick(task, of);
  }

  #read(events: ServerWireEvents): void {
    this.#request.on("data", (chunk: Buffer) => events.onData(toUint8Array(chunk)));
    this.#request.on("end", () => {
      // A request that was cut off is incomplete, and "aborted" tells that.
      if (this.#request.complete) events.onEnd(undefined);
    });
  }

  #tellBody(events: ServerWireEvents, body: Uint8Array): void {
    if (this.#gone) return;
    events.onData(body);
    events.onEnd(undefined);
  }

  /** The client may leave while a middleware takes its time: then no event tells it. */
  #isGone(): boolean {
    const { errored, socket } = this.#request;
    return errored !== null || socket.destroyed || this.#response.destroyed;
  }

  #onGone(): void {
    if (this.#gone) return;
    this.#gone = true;
    // Without "finish", Node may yet call a response finished whose connection was reset.
    if (this.#finished) return;
    // Over HTTP/1.1 a client has no other way to cancel.
    this.#events?.onFail(clientGone("the client closed the connection"), "client");
  }
}
