// SPDX-License-Identifier: Apache-2.0
import * as http from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { NodeListener, StreamNodeAdapterOptions } from "connect-stream/node";
import { createListener } from "../../runtime/dist/node/server/listener.js";
import { OpenCalls } from "../../runtime/dist/node/server/open-calls.js";
import { createHandlers } from "../../runtime/dist/node/server/request-handlers.js";
import { resolveServeOptions } from "../../runtime/dist/node/server/serve-options.js";

/** A server that listens, and knows what is open. */
export interface LabServer {
  readonly port: number;
  readonly streams: OpenSet;
  /** How many connections there ever were. */
  readonly connections: number;
  /** Cuts all that is open. */
  close(): Promise<unknown>;
}

/** What `serve` is made of. */
export async function startServed(adapter: StreamNodeAdapterOptions): Promise<LabServer> {
  const streams = new OpenSet();
  const connections = new Set<object>();
  const handlers = createHandlers(adapter, new CountedCalls(streams));
  const server = createListener(
    resolveServeOptions(adapter),
    (request, response) => {
      connections.add(request.socket);
      handlers.http1(request, response);
    },
    {
      ...handlers.http2,
      onRequest(exchange, stream, headers, connection) {
        connections.add(connection);
        handlers.http2.onRequest(exchange, stream, headers, connection);
      },
    },
  );
  const port = await server.listen();
  return {
    port,
    streams,
    get connections() {
      return connections.size;
    },
    close() {
      server.drain();
      return server.close(0);
    },
  };
}

/** A server of Node's. */
export async function startOnNode(
  listener: NodeListener,
  version: "1.1" | "2",
): Promise<LabServer> {
  const streams = new OpenSet();
  const sockets = new Set<Socket>();
  let connections = 0;
  const server =
    version === "2"
      ? // What many calls may have on their way together is more than Node's default of 10 MB.
        http2
          .createServer({ maxSessionMemory: 100 }, listener)
          .on("stream", (stream) => streams.add(stream))
      : http.createServer(listener).on("request", (_request, response) => streams.add(response));
  server.on("connection", (socket: Socket) => {
    connections++;
    track(sockets, socket);
  });
  const port = await listen(server);
  return {
    port,
    streams,
    get connections() {
      return connections;
    },
    close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}

export async function listen(server: {
  listen(port: number, host: string, done: () => void): unknown;
  address(): AddressInfo | string | null;
}): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening on a port");
  return address.port;
}

export function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.on("error", () => undefined);
  socket.on("close", () => sockets.delete(socket));
}

class CountedCalls extends OpenCalls {
  readonly #streams: OpenSet;

  constructor(streams: OpenSet) {
    super();
    this.#streams = streams;
  }

  override opened(): void {
    super.opened();
    this.#streams.opened();
  }

  override closed(): void {
    super.closed();
    this.#streams.closed();
  }
}

/** Counts what has not been closed. */
export class OpenSet {
  readonly #waiting: (() => void)[] = [];
  size = 0;
  total = 0;

  add(closable: { once(event: "close", listener: () => void): unknown }): void {
    this.opened();
    closable.once("close", () => this.closed());
  }

  opened(): void {
    this.size++;
    this.total++;
  }

  closed(): void {
    this.size--;
    if (this.size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  empty(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
