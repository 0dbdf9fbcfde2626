// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { FIRST_BYTES_TIMEOUT_MS } from "./detect-http2.js";

/**
 * How long the head of a request may take, in milliseconds: as long as Node gives it by default. Node
 * looks every 30 seconds, so that it may take half as long again.
 */
const HEADERS_TIMEOUT_MS = 60_000;

/**
 * Sets what holds for the connections of a server of HTTP/1.1. An upload may take as long as it takes;
 * deadlines are the calls' own.
 */
export function limitHttp1(server: Server, idleTimeoutMs: number): void {
  server.requestTimeout = 0;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.keepAliveTimeout = idleTimeoutMs;
  const connections = new WeakMap<Socket, Connection>();
  server.on("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    connections.get(socket)?.begin(response);
  });
  server.prependListener("connection", (socket: Socket) => {
    closeIfSilent(socket);
    if (idleTimeoutMs > 0) connections.set(socket, new Connection(socket, idleTimeoutMs));
  });
}

/** Behind TLS a connection may say nothing, too. */
function closeIfSilent(socket: Socket): void {
  if (socket.bytesRead > 0) return;
  const timer = setTimeout(() => {
    if (socket.bytesRead === 0) socket.destroy();
  }, FIRST_BYTES_TIMEOUT_MS).unref();
  socket.once("close", () => clearTimeout(timer));
}

/**
 * Closes a connection that has had no open request for a while, whatever else it sends: Node counts
 * each byte of a head that never ends. Closed at once: its peer may ignore that it should close, too.
 */
class Connection {
  readonly #idle: NodeJS.Timeout;
  #open = 0;
  /** One for all requests. */
  readonly #onEnd = (): void => {
    if (--this.#open === 0) this.#idle.refresh();
  };

  constructor(socket: Socket, idleTimeoutMs: number) {
    const expire = () => {
      if (this.#open === 0) socket.destroy();
    };
    this.#idle = setTimeout(expire, idleTimeoutMs).unref();
    socket.once("close", () => clearTimeout(this.#idle));
  }

  begin(response: ServerResponse): void {
    this.#open++;
    response.on("close", this.#onEnd);
  }
}
