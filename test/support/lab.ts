// SPDX-License-Identifier: Apache-2.0
import { createServer, connect as dial, type Socket } from "node:net";
import type { ConnectRouter } from "@connectrpc/connect";
import type { StreamServiceOptions } from "connect-stream";
import {
  type NodeListener,
  type StreamNodeAdapterOptions,
  streamNodeAdapter,
} from "connect-stream/node";
import { type LabServiceHandler, registerLabService } from "./gen/lab/v1/lab_stream.js";
import { type LabServer, listen, startOnNode, startServed, track } from "./lab-server.js";

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

/**
 * What labs run on: the parts of `serve`, by default, or a server of Node under `streamNodeAdapter`.
 * The run with the oldest Connect takes the other one (`LAB_HOST=node`).
 */
const onNode = process.env.LAB_HOST === "node";

/** Serves `handler` as `LabService`. */
export async function startLab(
  handler: Partial<LabServiceHandler>,
  options: LabOptions = {},
): Promise<Lab> {
  const adapter = {
    ...options.adapter,
    routes(router: ConnectRouter) {
      registerLabService(router, handler, options.service);
      options.routes?.(router);
    },
  };
  if (!options.listener && !onNode) return labOf(await startServed(adapter));
  const listener = (options.listener ?? streamNodeAdapter)(adapter);
  return serveLab(listener, options.http ?? "2");
}

/** Serves any request listener on a server of Node. */
export async function serveLab(listener: NodeListener, version: "1.1" | "2"): Promise<Lab> {
  return labOf(await startOnNode(listener, version));
}

/** A lab in front of a server, with a proxy that can break. */
async function labOf(server: LabServer): Promise<Lab> {
  const { port, streams } = server;
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
      return server.connections;
    },
    idle: () => streams.empty(),
    async [Symbol.asyncDispose]() {
      const closed = [server.close(), new Promise((resolve) => proxy.close(resolve))];
      for (const socket of proxySockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}
