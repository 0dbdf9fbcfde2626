// SPDX-License-Identifier: Apache-2.0
import * as http from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo, Server } from "node:net";
import type { ConnectRouter } from "@connectrpc/connect";
import { expressConnectMiddleware } from "@connectrpc/connect-express";
import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { createStreamTransport, streamNodeAdapter } from "connect-stream/node";
import express from "express";
import { fastify } from "fastify";
import { expect, it, onTestFinished } from "vitest";
import {
  createMonitorServiceClient,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";

const routes = (router: ConnectRouter) =>
  registerMonitorService(router, {
    async watch(_request, stream) {
      await stream.send({ cpu: 1, memory: 2 });
    },
  });

async function watchOnce(port: number, httpVersion: "1.1" | "2"): Promise<void> {
  const transport = createStreamTransport({
    baseUrl: `http://localhost:${port}`,
    protocol: "connect",
    httpVersion,
  });
  const stream = createMonitorServiceClient(transport).watch({ interval: 1 });
  expect(await stream.recv()).toMatchObject({ cpu: 1, memory: 2 });
  expect(await stream.recv()).toBeUndefined();
}

async function portOf(server: Server): Promise<number> {
  if (!server.listening) await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

it("node:http2", async () => {
  const server = http2.createServer(streamNodeAdapter({ routes }));
  server.listen(0);
  await watchOnce(await portOf(server), "2");
});

it("node:http", async () => {
  const server = http.createServer(streamNodeAdapter({ routes }));
  server.listen(0);
  await watchOnce(await portOf(server), "1.1");
});

it("Connect-Node's own adapter", async () => {
  const server = http2.createServer(connectNodeAdapter({ routes }));
  server.listen(0);
  await watchOnce(await portOf(server), "2");
});

it("Fastify", async () => {
  const server = fastify({ http2: true, forceCloseConnections: true });
  await server.register(fastifyConnectPlugin, { routes });
  await server.listen({ port: 0 });
  onTestFinished(() => server.close());
  await watchOnce((server.server.address() as AddressInfo).port, "2");
});

it("Express", async () => {
  const app = express();
  app.use(expressConnectMiddleware({ routes }));
  const server = app.listen(0);
  await watchOnce(await portOf(server), "1.1");
});

it("behind Express, on the fast path", async () => {
  const app = express();
  app.get("/health", (_request, response) => void response.send("ok"));
  app.use(streamNodeAdapter({ routes }));
  const server = app.listen(0);
  const port = await portOf(server);
  await watchOnce(port, "1.1");
  expect(await (await fetch(`http://localhost:${port}/health`)).text()).toBe("ok");
});

it("behind Express, with a body parser for one route", async () => {
  const app = express();
  app.post("/upload", express.json(), (request, response) => void response.json(request.body));
  app.use(streamNodeAdapter({ routes }));
  const server = app.listen(0);
  const port = await portOf(server);
  await watchOnce(port, "1.1");
  const headers = { "content-type": "application/json" };
  const init = { method: "POST", headers, body: "[1]" };
  expect(await (await fetch(`http://localhost:${port}/upload`, init)).json()).toEqual([1]);
});

it("behind Fastify, on the fast path", async () => {
  const app = fastify({ forceCloseConnections: true });
  app.post("/upload", async (request) => request.body);
  await app.register(async (rpcs) => {
    const adapter = streamNodeAdapter({ routes });
    rpcs.removeAllContentTypeParsers();
    rpcs.addContentTypeParser("*", (_request, _payload, done) => done(null));
    rpcs.all("/*", (request, reply) => {
      reply.hijack();
      adapter(request.raw, reply.raw);
    });
  });
  await app.listen({ port: 0 });
  onTestFinished(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  await watchOnce(port, "1.1");
  const headers = { "content-type": "application/json" };
  const init = { method: "POST", headers, body: "[1]" };
  expect(await (await fetch(`http://localhost:${port}/upload`, init)).json()).toEqual([1]);
});
