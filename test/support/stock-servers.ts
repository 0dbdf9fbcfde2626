// SPDX-License-Identifier: Apache-2.0
import type { ConnectRouter, ConnectRouterOptions } from "@connectrpc/connect";
import { expressConnectMiddleware } from "@connectrpc/connect-express";
import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { NodeListener } from "connect-stream/node";
import express from "express";
import { fastify } from "fastify";
import type { Wire } from "./wires.js";

export type Routes = (router: ConnectRouter) => void;

/** One of Connect's own adapters, as a request listener. */
export interface StockServer {
  readonly name: string;
  readonly http: Wire["http"];
  listener(routes: Routes, options?: ConnectRouterOptions): Promise<NodeListener>;
}

function node(http: Wire["http"]): StockServer {
  return {
    name: `connectNodeAdapter, HTTP/${http}`,
    http,
    listener: async (routes, options) => connectNodeAdapter({ ...options, routes }),
  };
}

const fastify1: StockServer = {
  name: "Fastify, HTTP/1.1",
  http: "1.1",
  async listener(routes, options) {
    const app = fastify();
    await app.register(fastifyConnectPlugin, { ...options, routes });
    await app.ready();
    return app.routing as NodeListener;
  },
};

const fastify2: StockServer = {
  name: "Fastify, HTTP/2",
  http: "2",
  async listener(routes, options) {
    const app = fastify({ http2: true });
    await app.register(fastifyConnectPlugin, { ...options, routes });
    await app.ready();
    return app.routing as NodeListener;
  },
};

const express1: StockServer = {
  name: "Express, HTTP/1.1",
  http: "1.1",
  async listener(routes, options) {
    const app = express();
    app.use(expressConnectMiddleware({ ...options, routes }));
    return app as NodeListener;
  },
};

export const stockServers: readonly StockServer[] = [
  node("1.1"),
  node("2"),
  fastify1,
  fastify2,
  express1,
];
