// SPDX-License-Identifier: Apache-2.0
import * as http from "node:http";
import * as https from "node:https";
import { urlToHttpOptions } from "node:url";
import type { OpenWire } from "../../client/wire-method.js";
import type { ClientWire, ClientWireEvents } from "../../protocol/wire.js";
import { NodeFields, toRequestHeaders } from "../headers.js";
import { enableTcpKeepAlive } from "../tcp-keepalive.js";
import { toUint8Array } from "../to-uint8array.js";
import { allocate, writeEach } from "../write-pieces.js";
import { cannotBegin, connectionError, noFinalResponse } from "./errors.js";

/** Options for Node's `http.request` or `https.request`. */
export type Http1Options =
  | Omit<http.RequestOptions, "signal">
  | Omit<https.RequestOptions, "signal">;

/** Opens calls over HTTP/1.1. */
export function http1Opener(baseUrl: string, options: Http1Options | undefined): OpenWire {
  const base = new URL(baseUrl);
  const { request } = base.protocol === "https:" ? https : http;
  const target = { ...urlToHttpOptions(base), ...options };
  return ({ method, path, header, timeout }, events) => {
    const headers = { ...options?.headers, ...toRequestHeaders(header, timeout) };
    try {
      const sent = request({ ...target, method, path, headers });
      new Http1ClientWire(sent, base.origin, events);
    } catch (error) {
      events.onFail(cannotBegin(error), "client");
    }
    return undefined;
  };
}

/**
 * So many responses of 1xx may come before the one that counts. Go's client takes 5; a server that says
 * "still at it" may say it for a while. https://www.rfc-editor.org/rfc/rfc9110#section-15.2
 */
const MAX_INTERIM_RESPONSES = 100;

class Http1ClientWire implements ClientWire {
  readonly #request: http.ClientRequest;
  readonly #events: ClientWireEvents;
  readonly #origin: string;
  #response: http.IncomingMessage | undefined;
  #error: Error | undefined;
  /** Responses that are to be followed by another. */
  #interim = 0;
  #ended = false;

  constructor(request: http.ClientRequest, origin: string, events: ClientWireEvents) {
    this.#request = request;
    this.#origin = origin;
    this.#events = events;
    request.on("socket", (socket) => {
      if (!request.reusedSocket) enableTcpKeepAlive(socket);
    });
    request.on("response", (response) => this.#onResponse(response));
    request.on("information", () => this.#onInformation());
    request.on("upgrade", (response, socket) => {
      this.#tellHeader(response);
      socket.destroy();
    });
    request.on("drain", () => events.onDrain());
    request.on("error", (error) => {
      this.#error = error;
    });
    request.on("close", () => this.#onClose());
    events.onOpen(this);
    // Without it, Node waits for the first piece of the body.
    request.flushHeaders();
  }

  readonly allocate: typeof allocate = allocate;

  write(pieces: readonly Uint8Array[]): boolean {
    return this.#request.writable && writeEach(this.#request, pieces);
  }

  end(): void {
    this.#request.end();
  }

  cancel(): void {
    this.#request.destroy();
  }

  pause(): void {
    this.#response?.pause();
  }

  resume(): void {
    this.#response?.resume();
  }

  defer<T>(task: (of: T) => void, of: T): void {
    process.nextTick(task, of);
  }

  #onResponse(response: http.IncomingMessage): void {
    this.#response = response;
    response.on("data", (chunk: Buffer) => this.#events.onData(toUint8Array(chunk)));
    response.on("end", () => this.#onEnd(response));
    response.on("error", (error) => {
      this.#error = error;
    });
    response.on("close", () => this.#onClose());
    this.#tellHeader(response);
  }

  #tellHeader({ statusCode, headers, rawHeaders }: http.IncomingMessage): void {
    this.#events.onHeader(statusCode ?? 0, new NodeFields(headers, rawHeaders));
  }

  #onInformation(): void {
    if (++this.#interim > MAX_INTERIM_RESPONSES)
      this.#request.destroy(noFinalResponse(this.#origin));
  }

  #onEnd(response: http.IncomingMessage): void {
    if (this.#ended || !response.complete) return;
    this.#ended = true;
    this.#events.onEnd(new NodeFields(response.trailers));
    // The server is done: what has not been sent need not be.
    if (!this.#request.writableFinished) this.#request.destroy();
  }

  #onClose(): void {
    // A response that came whole is told at its end, even if the request could not be finished.
    if (this.#ended || this.#response?.complete) return;
    this.#ended = true;
    this.#events.onFail(connectionError(this.#error, this.#origin), "connection");
  }
}
