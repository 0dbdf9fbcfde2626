// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { nextMacrotask } from "../call/macrotask.js";
import type { Fields } from "../protocol/fields.js";
import { connectionFields } from "../protocol/reserved-fields.js";
import type { ServerWireEvents } from "../protocol/wire.js";
import { clientGone } from "../server/client-gone.js";
import type { AttachableWire } from "../server/dispatch.js";
import { type HalfClose, LINGER_MS } from "../server/half-close.js";
import { RequestBody } from "./request-body.js";
import { ResponseBody } from "./response-body.js";

/** Of a response that nobody waits for: nginx's "client closed request". */
const CLIENT_GONE_STATUS = 499;

/** The wire of a `Request`: reads its body, and writes that of the `Response`. */
export class FetchWire implements AttachableWire {
  /** A `Request` does not say what its client takes. */
  readonly maxHeaderBytes: number = Number.POSITIVE_INFINITY;
  readonly #signal: AbortSignal;
  readonly #respond: (response: Response) => void;
  readonly #halfClose: HalfClose;
  readonly #request: RequestBody;
  readonly #response: ResponseBody;
  #events: ServerWireEvents | undefined;
  #responded = false;
  /** The last byte of the response has been taken, or the exchange has been broken off. */
  #over = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #onGone = (): void => {
    if (this.#over) return;
    this.#breakOff(clientGone());
    if (!this.#responded) this.#respond(new Response(null, { status: CLIENT_GONE_STATUS }));
    this.#events?.onFail(clientGone(), "client");
  };

  constructor(request: Request, respond: (response: Response) => void, halfClose: HalfClose) {
    this.#signal = request.signal;
    this.#respond = respond;
    this.#halfClose = halfClose;
    this.#request = new RequestBody(request);
    this.#response = new ResponseBody({
      onDrain: () => this.#events?.onDrain(),
      onFinish: () => this.#onFinish(),
      onCancel: this.#onGone,
    });
  }

  /** Starts to tell `events`. */
  attach(events: ServerWireEvents): void {
    this.#events = events;
    if (this.#signal.aborted) return this.#onGone();
    this.#signal.addEventListener("abort", this.#onGone, { once: true });
    void this.#request.run({
      onData: (chunk) => {
        this.#halfClose.received();
        events.onData(chunk);
      },
      onEnd: () => this.#onEnd(),
      onFail: this.#onGone,
    });
  }

  get buffered(): number {
    return this.#response.buffered;
  }

  /** The `Response` is made a moment later: what is whole by then needs no stream. */
  respond(status: number, header: Fields): void {
    if (this.#over || this.#responded) return;
    this.#responded = true;
    const init = { status, headers: toHeaders(header) };
    queueMicrotask(() => this.#respond(new Response(this.#response.toBodyInit(), init)));
  }

  allocate(bytes: number): Uint8Array {
    return new Uint8Array(bytes);
  }

  write(pieces: readonly Uint8Array[]): boolean {
    return this.#over || this.#response.write(pieces);
  }

  end(_trailer: Fields | undefined, abrupt: boolean): void {
    if (this.#over) return;
    if (abrupt) this.#timer = setTimeout(() => this.reset(), LINGER_MS);
    this.#response.end();
  }

  reset(): void {
    if (!this.#over) this.#breakOff(new ConnectError("the call was aborted", Code.Aborted));
  }

  pause(): void {
    this.#request.pause();
  }

  resume(): void {
    this.#request.resume();
  }

  defer<T>(task: (of: T) => void, of: T): void {
    nextMacrotask(() => task(of));
  }

  #onEnd(): void {
    this.#halfClose.ended(() => {
      if (!this.#over) this.#events?.onEnd(undefined);
    });
  }

  #onFinish(): void {
    this.#close();
    // A client that still sends may not listen before it has sent all: the rest is read for a while.
    if (!this.#request.ended) setTimeout(() => this.#request.cancel(), LINGER_MS);
    // Not within `end`, whose caller is not done.
    queueMicrotask(() => this.#events?.onFinish());
  }

  #breakOff(error: Error): void {
    this.#close();
    this.#request.cancel();
    this.#response.fail(error);
  }

  #close(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#signal.removeEventListener("abort", this.#onGone);
  }
}

function toHeaders(fields: Fields): Headers {
  const headers = new Headers();
  for (const [name, value] of fields) {
    if (!connectionFields.has(name.toLowerCase())) headers.append(name, value);
  }
  return headers;
}
