// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";
import type { EndedBy } from "../api/outcome.js";
import type { Fields, IncomingFields } from "./fields.js";

/**
 * The bytes of one HTTP exchange, both ways. The platform (Node) implements it and tells
 * {@link WireEvents} what arrives; it knows nothing of envelopes or messages.
 */
export interface Wire {
  /** Memory for `write`, with anything in it. */
  allocate(bytes: number): Uint8Array;
  /** Writes body bytes, in order. False: more should wait for `onDrain`. */
  write(pieces: readonly Uint8Array[]): boolean;
  /** Stops `onData` until `resume`, so that the peer is held back. */
  pause(): void;
  resume(): void;
  /** Calls `task(of)` when what is running now, promise reactions included, has come to rest. */
  defer<T>(task: (of: T) => void, of: T): void;
}

/** The server's end of an exchange. */
export interface ServerWire extends Wire {
  /** Bytes that were written and that flow control has not let out. */
  readonly buffered: number;
  /** Octets of headers or trailers that the client takes, by the measure of HTTP/2. */
  readonly maxHeaderBytes: number;
  /** Sends the response head. Once, before `write` and `end`. */
  respond(status: number, header: Fields): void;
  /**
   * Ends the response, and the request if it has not ended. `abrupt`: the peer may have stopped
   * reading, so break off if it has not taken the rest soon.
   */
  end(trailer: Fields | undefined, abrupt: boolean): void;
  /** Breaks the exchange off, whatever has not left yet: the client sees a reset. */
  reset(): void;
  /** Nobody works on the call any more: its handler has returned, or never ran. */
  release?(): void;
}

/** The client's end of an exchange. */
export interface ClientWire extends Wire {
  /** Half-closes: ends the request. */
  end(): void;
  /** Breaks the exchange off: the server sees a cancel. */
  cancel(): void;
}

/** What a wire tells. Nothing follows `onEnd` or `onFail`, but `onFail` may follow `onEnd`. */
export interface WireEvents {
  onData(chunk: Uint8Array): void;
  /** The peer ended its body. */
  onEnd(trailer: IncomingFields | undefined): void;
  /** The exchange broke: cancelled by the peer (`by` names it), or the `connection` was lost. */
  onFail(error: ConnectError, by: EndedBy): void;
  onDrain(): void;
}

/** What a server's wire tells. */
export interface ServerWireEvents extends WireEvents {
  /** After `end`: the last byte of the response has left. Neither this nor `onFail` follows the other. */
  onFinish(): void;
}

/** What a client's wire tells. */
export interface ClientWireEvents extends WireEvents {
  /** The exchange is open for writing. */
  onOpen(wire: ClientWire): void;
  onHeader(status: number, header: IncomingFields): void;
}
