// SPDX-License-Identifier: Apache-2.0
import * as http from "node:http";
import * as net from "node:net";
import * as tls from "node:tls";
import { forbiddenSuite } from "../http2/tls-suites.js";
import type { NodeListener } from "../node-types.js";
import { enableTcpKeepAlive } from "../tcp-keepalive.js";
import { detectHttp2, FIRST_BYTES_TIMEOUT_MS } from "./detect-http2.js";
import { limitHttp1 } from "./http1-connections.js";
import { DEFAULT_MAX_CALLS, serveInOrder } from "./http1-pipeline.js";
import { Http2Session, type SessionEvents } from "./http2-session.js";
import { listenError } from "./listen-error.js";
import type { ResolvedServeOptions } from "./serve-options.js";

/** One port for HTTP/1.1 and HTTP/2. */
export interface Listener {
  /** Resolves to the port; 0 on a Unix socket. */
  listen(): Promise<number>;
  /** Takes no new connections, and no new calls on those it has. */
  drain(): void;
  /** Closes the connections: those that work after `ms` milliseconds. */
  close(ms: number): Promise<void>;
}

/** Makes the server, clear text or TLS. HTTP/1.1 goes to `http1`, requests over HTTP/2 to `http2`. */
export function createListener(
  options: ResolvedServeOptions,
  http1: NodeListener,
  http2: SessionEvents,
): Listener {
  const sockets = new Set<net.Socket>();
  const sessions = new Set<Http2Session>();
  let [draining, closing] = [false, false];
  const http1Server = createHttp1Server(options, http1);
  const takeHttp2 = (socket: net.Socket, head?: Uint8Array) => {
    // An HTTP/1.1 server's sockets may be half-open; on HTTP/2 a peer that ends is gone.
    socket.allowHalfOpen = false;
    const session = new Http2Session(socket, options, http2);
    sessions.add(session);
    socket.once("close", () => sessions.delete(session));
    const suite = socket instanceof tls.TLSSocket ? forbiddenSuite(socket) : undefined;
    if (suite !== undefined) return session.refuseSuite(suite);
    if (closing) return session.refuse();
    if (head) session.receive(head);
    if (draining) session.drain();
  };
  const server = options.tls
    ? createTlsServer(options.tls, (socket) => {
        if (socket.alpnProtocol === "h2") takeHttp2(socket);
        else http1Server.emit("connection", socket);
      })
    : net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
        detectHttp2(socket, (head) => {
          if (head) takeHttp2(socket, head);
          else http1Server.emit("connection", socket);
        });
      });
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket);
    enableTcpKeepAlive(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const closed = new Promise<void>((resolve) => server.once("close", resolve));
  return {
    listen: () => listen(server, options),
    drain() {
      draining = true;
      server.close();
      http1Server.close();
      for (const session of sessions) session.drain();
    },
    async close(ms) {
      closing = true;
      http1Server.closeIdleConnections();
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, ms);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** HTTP/1.1 on sockets that the other server accepts. */
function createHttp1Server(options: ResolvedServeOptions, listener: NodeListener): http.Server {
  const server = http.createServer(
    { maxHeaderSize: options.maxHeaderBytes },
    serveInOrder(listener, options.http2.maxConcurrentStreams ?? DEFAULT_MAX_CALLS),
  );
  limitHttp1(server, options.idleTimeoutMs);
  // Deno 2.9 closes a socket that it did not accept itself after one response, and does not say so. This
  // has it say `connection: close`.
  if ("Deno" in globalThis) server.maxRequestsPerSocket = 1;
  // Has it look after time limits, as if it listened.
  server.emit("listening");
  return server;
}

function createTlsServer(
  options: tls.TlsOptions,
  take: (socket: tls.TLSSocket) => void,
): net.Server {
  const server = tls.createServer(
    {
      handshakeTimeout: FIRST_BYTES_TIMEOUT_MS,
      ALPNProtocols: ["h2", "http/1.1"],
      ...options,
      allowHalfOpen: true,
      noDelay: true,
    },
    take,
  );
  // Node leaves the socket of a handshake that took too long as it is.
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return server;
}

function listen(server: net.Server, { host, port, path }: ResolvedServeOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(listenError(error, path ?? host, path ? undefined : port));
    server.once("error", fail);
    server.listen(path === undefined ? { port, host } : { path }, () => {
      server.off("error", fail);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}
