// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";
import type { ContextValues } from "@connectrpc/connect";
import type { Peer } from "../../api/observer.js";
import {
  ErrorCode,
  type HeaderList,
  type Http2Options,
  type Http2Stream,
  ServerConnection,
  type ServerConnectionEvents,
  type Violation,
} from "../../http2/index.js";
import type { HalfCloseGrace } from "../../server/half-close.js";
import { connectSocket, SocketHost } from "../http2/socket-host.js";
import type { NodeRequest } from "../node-types.js";
import { ConnectionUpkeep, type UpkeepOptions } from "./connection-upkeep.js";
import { Http2Exchange, type ServedConnection } from "./http2-exchange.js";
import { toNodeRequest } from "./node-request.js";
import { RoundTrip } from "./round-trip.js";

/** A violation of HTTP/2 by a client, or a limit that it exceeded. */
export interface ConnectionProblem {
  /** What the client did. */
  readonly message: string;
  /** What the server ended for it: the whole connection, or one call. */
  readonly scope: "connection" | "stream";
  /** The HTTP/2 error code that was sent to the client. */
  readonly code: number;
  /** The client; `undefined` for one that is not on a network. */
  readonly peer: Peer | undefined;
}

/** How a server treats its HTTP/2 connections. */
export interface Http2SessionOptions extends UpkeepOptions {
  readonly http2: Http2Options;
  readonly halfCloseGraceMs: number;
  readonly contextValues: ((request: NodeRequest) => ContextValues) | undefined;
  readonly onConnectionError: ((problem: ConnectionProblem) => void) | undefined;
}

/** Whom a session tells of its calls. */
export interface SessionEvents {
  /** A request, which has not been looked at. */
  onRequest(
    exchange: Http2Exchange,
    stream: Http2Stream,
    headers: HeaderList,
    connection: ServedConnection,
  ): void;
  /** A request has been answered, or given up. Once for each `onRequest`. */
  onRequestClosed(): void;
  /** A connection drains, and may still bring requests that were on their way. */
  onDrain(): void;
  /** It brings no more. Once for each `onDrain`. */
  onDrained(): void;
}

/** What clients are told of a server that stops. */
const SHUTTING_DOWN = "the server is shutting down";

/** The server's side of an HTTP/2 connection on a socket. */
export class Http2Session implements ServerConnectionEvents, ServedConnection {
  readonly scheme: "http" | "https";
  readonly peer: Peer | undefined;
  readonly halfCloseGrace: HalfCloseGrace;
  readonly #socket: Socket;
  readonly #options: Http2SessionOptions;
  readonly #events: SessionEvents;
  readonly #connection: ServerConnection;
  readonly #upkeep: ConnectionUpkeep;
  /** Whether it drains, and may still bring requests. */
  #draining = false;

  constructor(socket: Socket, options: Http2SessionOptions, events: SessionEvents) {
    const { remoteAddress: address, remotePort: port } = socket;
    this.#socket = socket;
    this.#options = options;
    this.#events = events;
    this.scheme = "encrypted" in socket ? "https" : "http";
    this.peer = address === undefined || port === undefined ? undefined : { address, port };
    this.#connection = new ServerConnection(new SocketHost(socket), this, options.http2);
    const roundTrip = new RoundTrip((onAnswer) => this.#connection.ping(onAnswer));
    this.halfCloseGrace = {
      graceMs: options.halfCloseGraceMs,
      confirm: (tell) => roundTrip.wait(tell),
    };
    this.#upkeep = new ConnectionUpkeep(this.#connection, socket, options);
    connectSocket(
      socket,
      this.#connection,
      () => this.#upkeep.received(),
      () => "the connection was lost",
    );
  }

  /** Octets of headers or trailers that the client takes. */
  get maxHeaderBytes(): number {
    return this.#connection.peer.maxHeaderListSize;
  }

  /** Takes bytes that were read from the socket before. */
  receive(bytes: Uint8Array): void {
    this.#connection.receive(bytes);
  }

  /** Takes no new requests, and closes when those that are open have been answered. */
  drain(): void {
    this.#upkeep.leave(SHUTTING_DOWN);
    if (this.#draining || !this.#connection.takesRequests) return;
    this.#draining = true;
    this.#events.onDrain();
  }

  /** Refuses a connection that begins when the server has stopped: its client may call elsewhere. */
  refuse(): void {
    this.#connection.destroy(ErrorCode.NO_ERROR, SHUTTING_DOWN);
  }

  /** Refuses a connection whose cipher suite HTTP/2 forbids. */
  refuseSuite(suite: string): void {
    this.#connection.destroy(ErrorCode.INADEQUATE_SECURITY, `HTTP/2 forbids ${suite}`);
  }

  contextValues(headers: HeaderList): ContextValues | undefined {
    return this.#options.contextValues?.(toNodeRequest(headers, this.#socket));
  }

  onRequest(stream: Http2Stream, headers: HeaderList): void {
    if (this.#connection.openStreams === 1) this.#upkeep.busy();
    this.#events.onRequest(new Http2Exchange(stream, headers, this), stream, headers, this);
  }

  onStreamClosed(): void {
    this.#events.onRequestClosed();
    if (this.#connection.openStreams === 0) this.#upkeep.idle();
  }

  onViolation({ scope, code, message }: Violation): void {
    const { onConnectionError } = this.#options;
    try {
      onConnectionError?.({ scope, code, message, peer: this.peer });
    } catch (error) {
      console.error("onConnectionError threw:", error);
    }
  }

  onGoaway(): void {
    // The connection closes by itself when its calls have ended.
  }

  onSettings(): void {
    // Read where they are needed.
  }

  onLastStream(): void {
    if (!this.#draining) return;
    this.#draining = false;
    this.#events.onDrained();
  }

  onClose(): void {
    this.#upkeep.stop();
    this.onLastStream();
  }
}
