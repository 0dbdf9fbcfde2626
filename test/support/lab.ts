// SPDX-License-Identifier: Apache-2.0
import * as http from "node:http";
import * as http2 from "node:http2";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import type { ConnectRouter } from "@connectrpc/connect";
import type { StreamServiceOptions } from "connect-stream";
import {
  type NodeListener,
  type StreamNodeAdapterOptions,
  streamNodeAdapter,
} from "connect-stream/node";
import { type LabServiceHandler, registerLabService } from "./gen/lab/v1/lab_stream.js";

/** What a lab may be told. */
export interface LabOptions {
  http?: "1.1" | "2";
  adapter?: Omit<StreamNodeAdapterOptions, "routes">;
  service?: StreamServiceOptions;
  /** Registers more than the lab's own service. */
  routes?: (router: ConnectRouter) => void;
  /** Makes the listener. Default: `streamNodeAdapter`. */
  listener?: (options: StreamNodeAdapterOptions) => NodeListener;
}

/** A server on a port of its own, which knows what is open. */
export interface Lab extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Through a proxy, whose connections `cut` breaks on both sides. */
  readonly fragileUrl: string;
  cut(): void;
  /** HTTP/2 streams or HTTP/1.1 exchanges that are not closed. */
  readonly open: number;
  /** How many there ever were. */
  readonly served: number;
  /** How many connections there ever were, those through the proxy included. */
  readonly connections: number;
  /** Resolves when nothing is open. */
  idle(): Promise<void>;
}

/** Serves `handler` as `LabService`. */
export async function startLab(
  handler: Partial<LabServiceHandler>,
  options: LabOptions = {},
): Promise<Lab> {
  const listener = (options.listener ?? streamNodeAdapter)({
    ...options.adapter,
    routes(router) {
      registerLabService(router, handler, options.service);
      options.routes?.(router);
    },
  });
  return serveLab(listener, options.http ?? "2");
}

/** Serves any request listener. */
export async function serveLab(listener: NodeListener, version: "1.1" | "2"): Promise<Lab> {
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
  const proxySockets = new Set<Socket>();
  const proxy = createServer((near) => {
    const far = dial(port, "127.0.0.1");
    for (const socket of [near, far]) track(proxySockets, socket);
    near.pipe(far).pipe(near);
  });
  const proxyPort = await listen(proxy);
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    fragileUrl: `http://127.0.0.1:${proxyPort}`,
    cut() {
      for (const socket of proxySockets) socket.destroy();
    },
    get open() {
      return streams.size;
    },
    get served() {
      return streams.total;
    },
    get connections() {
      return connections;
    },
    idle: () => streams.empty(),
    async [Symbol.asyncDispose]() {
      const closed = [server, proxy].map((s) => new Promise((resolve) => s.close(resolve)));
      for (const socket of [...sockets, ...proxySockets]) socket.destroy();
      await Promise.all(closed);
    },
  };
}

async function listen(server: {
  listen(port: number, host: string, done: () => void): unknown;
  address(): AddressInfo | string | null;
}): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening on a port");
  return address.port;
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.on("error", () => undefined);
  socket.on("close", () => sockets.delete(socket));
}

/** Counts what has not been closed. */
class OpenSet {
  readonly #waiting: (() => void)[] = [];
  size = 0;
  total = 0;

  add(closable: { once(event: "close", listener: () => void): unknown }): void {
    this.size++;
    this.total++;
    closable.once("close", () => {
      this.size--;
      if (this.size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    });
  }

  empty(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
