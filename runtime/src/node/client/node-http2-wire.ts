// SPDX-License-Identifier: Apache-2.0
import {
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import { addAbortSignal } from "node:stream";
import { isNotSent } from "../../client/not-sent-error.js";
import type { OpenWire } from "../../client/wire-method.js";
import type { IncomingFields } from "../../protocol/fields.js";
import type { ClientWire, ClientWireEvents } from "../../protocol/wire.js";
import { shareConnection, whenFair } from "../fair-share.js";
import { NodeFields, toRequestHeaders } from "../headers.js";
import { toUint8Array } from "../to-uint8array.js";
import { allocate, writeTogether } from "../write-pieces.js";
import { cannotBegin, connectionError, errorFromReset } from "./errors.js";
import { watchSessionErrors } from "./session-errors.js";

/** What opens requests on HTTP/2 connections: Connect-Node's `Http2SessionManager`, or like it. */
export interface SessionManager {
  readonly authority: string;
  request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options: object,
  ): Promise<ClientHttp2Stream>;
  notifyResponseByteRead(stream: ClientHttp2Stream): void;
}

/** Opens calls over HTTP/2, on the connection that `sessions` keeps. */
export function nodeHttp2Opener(sessions: SessionManager): OpenWire {
  return ({ method, path, header, timeout }, events) => {
    const onError = (error: unknown) => {
      const failed = connectionError(error, sessions.authority);
      events.onFail(failed, isNotSent(failed) ? "client" : "connection");
    };
    try {
      sessions
        .request(method, path, toRequestHeaders(header, timeout), {})
        .then((stream) => new NodeHttp2ClientWire(stream, sessions, events), onError);
    } catch (error) {
      events.onFail(cannotBegin(error), "client");
    }
    return undefined;
  };
}

class NodeHttp2ClientWire implements ClientWire {
  readonly #stream: ClientHttp2Stream;
  readonly #events: ClientWireEvents;
  readonly #origin: string;
  #trailer: IncomingFields | undefined;
  #error: Error | undefined;
  #ended = false;
  /** True from a write that has to wait to its "drain". */
  #full = false;

  constructor(stream: ClientHttp2Stream, sessions: SessionManager, events: ClientWireEvents) {
    this.#stream = stream;
    this.#events = events;
    this.#origin = sessions.authority;
    const { session } = stream;
    watchSessionErrors(stream);
    shareConnection(stream);
    stream.on("response", (headers: IncomingHttpHeaders & { ":status"?: number }) => {
      events.onHeader(headers[":status"] ?? 0, new NodeFields(headers));
    });
    stream.on("data", (chunk: Buffer) => {
      sessions.notifyResponseByteRead(stream);
      events.onData(toUint8Array(chunk));
    });
    stream.on("trailers", (headers: IncomingHttpHeaders) => {
      this.#trailer = new NodeFields(headers);
    });
    stream.on("end", () => this.#onEnd());
    stream.on("error", (error: Error) => {
      this.#error = error;
    });
    stream.on("close", () => this.#onClose(session?.destroyed ?? true));
    events.onOpen(this);
  }

  readonly allocate: typeof allocate = allocate;

  write(pieces: readonly Uint8Array[]): boolean {
    const stream = this.#stream;
    const room = stream.writable && writeTogether(stream, pieces);
    if (!room && !this.#full) {
      this.#full = true;
      stream.once("drain", () => whenFair(stream, () => this.#onDrain()));
    }
    return room;
  }

  end(): void {
    this.#stream.end();
  }

  cancel(): void {
    // Node's `close` would end the request first, and a server would take it for complete.
    if (!this.#stream.destroyed) addAbortSignal(AbortSignal.abort(), this.#stream);
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

  #onDrain(): void {
    this.#full = false;
    this.#events.onDrain();
  }

  /**
   * Node ends the body of a stream that was reset, too; what happened is known at "close". A reset
   * without an error is how a server ends the request after a whole response.
   */
  #onEnd(): void {
    if (this.#stream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
    this.#ended = true;
    this.#events.onEnd(this.#trailer);
  }

  #onClose(connectionLost: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    const { rstCode } = this.#stream;
    if (connectionLost || rstCode === constants.NGHTTP2_NO_ERROR) {
      this.#events.onFail(connectionError(this.#error, this.#origin), "connection");
    } else {
      this.#events.onFail(errorFromReset(rstCode, this.#origin), "server");
    }
  }
}
