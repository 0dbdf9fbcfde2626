// SPDX-License-Identifier: Apache-2.0
import * as http from "node:http";
import { type Duplex, duplexPair } from "node:stream";
import {
  ErrorCode,
  type HeaderList,
  type Http2Stream,
  noEvents,
  type StreamEvents,
} from "../../http2/index.js";
import type { Field } from "../../protocol/fields.js";
import { toHeaderList } from "../http2/header-lists.js";
import type { NodeListener } from "../node-types.js";
import type { ServedConnection } from "./http2-exchange.js";

/**
 * Lets a listener for Node's own requests answer what comes over our HTTP/2: each request is passed
 * on as one of HTTP/1.1, within the process. So it may also be one that knows no HTTP/2, as Express.
 */
export class FallbackBridge {
  readonly #server: http.Server;

  constructor(listener: NodeListener) {
    this.#server = http.createServer({ keepAlive: false }, listener);
    this.#server.requestTimeout = 0;
  }

  serve(stream: Http2Stream, list: HeaderList, connection: ServedConnection): void {
    const [near, far] = duplexPair();
    this.#server.emit("connection", withAddress(far, connection));
    const request = http.request({
      createConnection: () => near,
      method: list.get(":method") ?? "GET",
      path: list.get(":path") ?? "/",
      headers: toHttp1Headers(list),
      setHost: false,
    });
    stream.events = new BridgedRequest(stream, request);
  }
}

/** One request on its way through. */
class BridgedRequest implements StreamEvents {
  readonly #stream: Http2Stream;
  readonly #request: http.ClientRequest;
  #response: http.IncomingMessage | undefined;

  constructor(stream: Http2Stream, request: http.ClientRequest) {
    this.#stream = stream;
    this.#request = request;
    request.on("drain", () => stream.resume());
    request.on("response", (response) => this.#onResponse(response));
    request.on("error", () => stream.reset(ErrorCode.INTERNAL_ERROR));
    request.on("close", () => stream.release());
    request.flushHeaders();
  }

  readonly onHeaders: StreamEvents["onHeaders"] = noEvents.onHeaders;

  readonly onInterim: StreamEvents["onInterim"] = noEvents.onInterim;

  readonly onSent: StreamEvents["onSent"] = noEvents.onSent;

  onData(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#request.write(bytes.subarray(start, end))) this.#stream.pause();
  }

  onEnd(): void {
    this.#request.end();
  }

  onFail(): void {
    this.#request.destroy();
  }

  onDrain(): void {
    this.#response?.resume();
  }

  #onResponse(response: http.IncomingMessage): void {
    const stream = this.#stream;
    this.#response = response;
    const status = String(response.statusCode ?? 500);
    stream.respond(
      toHeaderList(status, () => [[":status", status]], fieldsOf(response.rawHeaders)),
    );
    response.on("data", (chunk: Buffer) => {
      if (!stream.write(chunk)) response.pause();
    });
    response.on("end", () => {
      const trailers = fieldsOf(response.rawTrailers);
      stream.end(trailers.length > 0 ? toHeaderList("", () => [], trailers) : undefined);
      if (!stream.remoteEnded) stream.resetAfterEnd(ErrorCode.NO_ERROR);
    });
  }
}

function withAddress(socket: Duplex, { peer, scheme }: ServedConnection): Duplex {
  return Object.assign(socket, {
    remoteAddress: peer?.address,
    remotePort: peer?.port,
    ...(scheme === "https" && { encrypted: true }),
  });
}

function toHttp1Headers({ fields }: HeaderList): string[] {
  const headers: string[] = [];
  for (const { name, value } of fields) {
    if (name === ":authority") headers.push("host", value);
    else if (!name.startsWith(":")) headers.push(name, value);
  }
  return headers;
}

/** Node's list of names and values, by turns, as fields. */
function fieldsOf(raw: readonly string[]): Field[] {
  const fields: Field[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) fields.push([raw[i] ?? "", raw[i + 1] ?? ""]);
  return fields;
}
