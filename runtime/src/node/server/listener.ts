// SPDX-License-Identifier: Apache-2.0
import * as http from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import type { NodeListener } from "../node-types.js";
import { widenConnectionWindow } from "../windows.js";
import { deferDestroy } from "./defer-destroy.js";
import { detectHttp2 } from "./detect-http2.js";
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
  const server = http2.createSecureServer({ ...options.http2, ...tls, allowHTTP1: true }, listener);
  watchSessions(server, sessions, options);
  return limit(server as http2.Http2SecureServer & http.Server, options);
}

function clearServer(
  options: ResolvedServeOptions,
  listener: NodeListener,
  sessions: Sessions,
): ListeningServer {
  const server = http.createServer(listener);
  const http2Server = http2.createServer(options.http2, listener);
  watchSessions(http2Server, sessions, options);
  const [takeHttp1] = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    detectHttp2(socket, (isHttp2) => {
      // An HTTP/1.1 server's sockets may be half-open; on HTTP/2 a peer that ends is gone.
      socket.allowHalfOpen = isHttp2 ? false : socket.allowHalfOpen;
      if (isHttp2) http2Server.emit("connection", socket);
      else takeHttp1?.call(server, socket);
    });
  });
  return limit(server, options);
}

/**
 * Sets what holds for HTTP/1.1. An upload may take as long as it takes; deadlines are the calls'
 * own. Properties, because `http2.createSecureServer` of Node.js 20 and 22 has no such options.
 * https://github.com/nodejs/node/blob/v20.x/lib/internal/http2/core.js (Http2SecureServer)
 */
function limit<S extends http.Server>(
  server: S,
  { maxHeaderBytes, idleTimeoutMs }: ResolvedServeOptions,
): S {
  server.requestTimeout = 0;
  server.keepAliveTimeout = idleTimeoutMs;
  return Object.assign(server, { maxHeaderSize: maxHeaderBytes });
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
