// SPDX-License-Identifier: Apache-2.0
import * as http from "node:http";
import * as https from "node:https";
import { Code, type ConnectError } from "@connectrpc/connect";
import { notSentError } from "../../client/not-sent-error.js";
import type { OpenWire } from "../../client/wire-carrier.js";
import { incomingFields } from "../../protocol/fields.js";
import type { ClientWire, ClientWireEvents } from "../../protocol/wire.js";
import { fromNodeHeaders, toRequestHeaders } from "../headers.js";
import { toUint8Array } from "../to-uint8array.js";
import { allocate, writeEach } from "../write-pieces.js";
import { connectionError } from "./errors.js";

/** Options for Node's `http.request` or `https.request`. */
export type Http1Options =
  | Omit<http.RequestOptions, "signal">
  | Omit<https.RequestOptions, "signal">;

/** Opens calls over HTTP/1.1. */
export function http1Opener(options: Http1Options | undefined): OpenWire {
  return (url, header, events) => {
    const { request } = url.startsWith("https:") ? https : http;
    const headers = { ...options?.headers, ...toRequestHeaders(header) };
    try {
      const sent = request(url, { ...options, method: "POST", headers });
      new Http1ClientWire(sent, new URL(url).origin, events);
    } catch (error) {
      events.onFail(cannotBegin(error), "client");
    }
  };
}

/** Node throws at once for options and headers that it will not send. */
function cannotBegin(thrown: unknown): ConnectError {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return notSentError(`the request cannot be sent: ${text}`, Code.Internal);
}

class Http1ClientWire implements ClientWire {
  readonly #request: http.ClientRequest;
  readonly #events: ClientWireEvents;
  readonly #origin: string;
  #response: http.IncomingMessage | undefined;
  #error: Error | undefined;
  #ended = false;

  constructor(request: http.ClientRequest, origin: string, events: ClientWireEvents) {
    this.#request = request;
    this.#origin = origin;
    this.#events = events;
    request.on("response", (response) => this.#onResponse(response));
    request.on("drain", () => events.onDrain());
    request.on("error", (error) => {
      this.#error = error;
    });
    request.on("close", () => this.#onClose());
    // Without it, Node waits for the first piece of the body.
    request.flushHeaders();
    events.onOpen(this);
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

  defer(task: () => void): void {
    process.nextTick(task);
  }

  #onResponse(response: http.IncomingMessage): void {
    this.#response = response;
    response.on("data", (chunk: Buffer) => this.#events.onData(toUint8Array(chunk)));
    response.on("end", () => this.#onEnd(response));
    response.on("error", (error) => {
      this.#error = error;
    });
    response.on("close", () => this.#onClose());
    this.#events.onHeader(
      response.statusCode ?? 0,
      incomingFields(fromNodeHeaders(response.headers, response.rawHeaders)),
    );
  }

  #onEnd(response: http.IncomingMessage): void {
    if (this.#ended || !response.complete) return;
    this.#ended = true;
    this.#events.onEnd(incomingFields(fromNodeHeaders(response.trailers)));
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
