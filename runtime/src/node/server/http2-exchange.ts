// SPDX-License-Identifier: Apache-2.0
import { ErrorCode, type HeaderList, type Http2Stream } from "../../http2/index.js";
import type { Fields } from "../../protocol/fields.js";
import type { RequestHead } from "../../server/context.js";
import type { AttachableWire, Exchange } from "../../server/dispatch.js";
import { HalfClose, type HalfCloseGrace } from "../../server/half-close.js";
import { keepShape } from "../../shapes.js";
import { toHeaderList } from "../http2/header-lists.js";
import { type ConnectionInfo, Http2RequestHead } from "./http2-head.js";
import { Http2ServerWire } from "./http2-wire.js";

/** What all calls on a connection need of it. */
export interface ServedConnection extends ConnectionInfo {
  /** Octets of headers or trailers that the client takes. */
  readonly maxHeaderBytes: number;
  readonly halfCloseGrace: HalfCloseGrace;
}

/** A request that came over HTTP/2. */
export class Http2Exchange implements Exchange {
  readonly head: RequestHead;
  readonly #stream: Http2Stream;
  readonly #connection: ServedConnection;

  constructor(stream: Http2Stream, headers: HeaderList, connection: ServedConnection) {
    this.#stream = stream;
    this.#connection = connection;
    this.head = new Http2RequestHead(headers, connection);
    keepShape(this);
  }

  refuse(status: number, header: Readonly<Record<string, string>> = {}): void {
    const stream = this.#stream;
    stream.release();
    if (stream.started) return stream.reset(ErrorCode.INTERNAL_ERROR);
    stream.respond(responseHeaders(status, Object.entries(header)));
    stream.end();
    if (!stream.remoteEnded) stream.resetAfterEnd(ErrorCode.NO_ERROR);
  }

  accept(streams: boolean): AttachableWire {
    const halfClose = new HalfClose(this.head, streams, this.#connection.halfCloseGrace);
    return new Http2ServerWire(this.#stream, this.#connection, halfClose);
  }
}

/** The head of a response. */
export function responseHeaders(status: number, fields: Fields): HeaderList {
  const text = String(status);
  return toHeaderList(text, () => [[":status", text]], fields);
}
