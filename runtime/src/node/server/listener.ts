// SPDX-License-Identifier: Apache-2.0
import * as http from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { NodeListener } from "../node-types.js";
import { enableTcpKeepAlive } from "../tcp-keepalive.js";
import { widenConnectionWindow } from "../windows.js";
import { deferDestroy } from "./defer-destroy.js";
import { detectHttp2, FIRST_BYTES_TIMEOUT_MS } from "./detect-http2.js";
import { limitHttp1 } from "./http1-connections.js";
import { serveInOrder } from "./http1-pipeline.js";
import { listenError } from "./listen-error.js";
import type { ResolvedServeOptions } from "./serve-options.js";
import { keepSessionAlive } from "./session-keepalive.js";

/** One port for HTTP/1.1 and HTTP/2. */
export interface Listener {
  listen(): Promise<AddressInfo>;
  /** Takes no new connections, and no new calls on those it has. */
  drain(): void;
  /** Closes the connections: those that work after `ms` milliseconds. */
  close(ms: number): Promise<void>;
}

type Sessions = Set<http2.ServerHttp2Session>;

/** Makes the server, clear text or TLS. */
export function createListener(options: ResolvedServeOptions, handler: NodeListener): Listener {
  const listener = serveInOrder(handler, options.maxCalls);
  const sessions: Sessions = new Set();
  const sockets = new Set<Socket>();
  const server = options.tls
    ? tlsServer(options, options.tls, listener, sessions)
    : clearServer(options, listener, sessions);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    enableTcpKeepAlive(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const closed = new Promise<void>((resolve) => server.once("close", resolve));
  return {
    listen: () => listen(server, options),
    drain() {
      server.close();
      for (const session of sessions) session.close();
    },
    async close(ms) {
      server.closeIdleConnections();
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, ms);
      await closed;
      clearTimeout(timer);
    },
  };
}

type ListeningServer = Server & { closeIdleConnections(): void };

function tlsServer(
  options: ResolvedServeOptions,
  tls: http2.SecureServerOptions,
  listener: NodeListener,
  sessions: Sessions,
): ListeningServer {
  const handshakeTimeout = FIRST_BYTES_TIMEOUT_MS;
  const server = http2.createSecureServer(
    { handshakeTimeout, ...options.http2, ...tls, allowHTTP1: true },
    listener,
  );
  watchSessions(server, sessions, options);
  const secure = server as http2.Http2SecureServer & http.Server;
  const watchHttp1 = limitHttp1(secure, options);
  return secure.on("secureConnection", (socket: TLSSocket) => {
    if (socket.alpnProtocol !== "h2") watchHttp1(socket);
  });
}

function clearServer(
  options: ResolvedServeOptions,
  listener: NodeListener,
  sessions: Sessions,
): ListeningServer {
  const server = http.createServer(listener);
  const watchHttp1 = limitHttp1(server, options);
  const http2Server = http2.createServer(options.http2, listener);
  watchSessions(http2Server, sessions, options);
  const [takeHttp1] = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    detectHttp2(socket, (isHttp2) => {
      // An HTTP/1.1 server's sockets may be half-open; on HTTP/2 a peer that ends is gone.
      socket.allowHalfOpen = isHttp2 ? false : socket.allowHalfOpen;
      if (isHttp2) {
        http2Server.emit("connection", socket);
        return;
      }
      watchHttp1(socket);
      takeHttp1?.call(server, socket);
    });
  });
  return server;
}

function watchSessions(
  server: http2.Http2Server | http2.Http2SecureServer,
  sessions: Sessions,
  options: ResolvedServeOptions,
): void {
  server.on("session", (session) => {
    deferDestroy(session);
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    widenConnectionWindow(session);
    keepSessionAlive(session, options);
  });
}

function listen(server: Server, { host, port }: ResolvedServeOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(listenError(error, host, port));
    server.once("error", fail);
    server.listen(port, host, () => {
      server.off("error", fail);
      resolve(server.address() as AddressInfo);
    });
  });
}
