// SPDX-License-Identifier: Apache-2.0
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { type ConnectRouter, cors } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { streamNodeAdapter } from "connect-stream/node";
import { expect, it, onTestFinished } from "vitest";
import { createAnalyticsServiceClient } from "../../../gen/analytics/v1/analytics_stream.js";
import {
  createMonitorServiceClient,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";
import { start } from "./harness.js";

const routes = (router: ConnectRouter) =>
  registerMonitorService(router, {
    async watch(_request, stream) {
      await stream.send({ cpu: 1, memory: 2 });
    },
  });

it("receives streams with fetch", async () => {
  const { url: baseUrl } = await start(routes);
  const transport = createConnectTransport({ baseUrl });
  const client = createMonitorServiceClient(transport);
  const seen: number[] = [];
  for await (const { cpu } of client.watch({ interval: 1 })) seen.push(cpu);
  expect(seen).toEqual([1]);
});

it("receives gRPC-Web streams with fetch", async () => {
  const { url: baseUrl } = await start(routes);
  const client = createMonitorServiceClient(createGrpcWebTransport({ baseUrl }));
  expect(await client.watch({ interval: 1 }).recv()).toMatchObject({ cpu: 1 });
});

it("cannot send streams with fetch", async () => {
  const { url: baseUrl } = await start(routes);
  const client = createAnalyticsServiceClient(createConnectTransport({ baseUrl }));
  await expect(client.process().closeAndRecv()).rejects.toThrow(
    "The fetch API does not support streaming request bodies",
  );
});

it("answers pages of another origin", async () => {
  const origin = "https://www.example.com";
  const listener = streamNodeAdapter({ routes });
  const server = http.createServer((request, response) => {
    response.setHeader("access-control-allow-origin", origin);
    response.setHeader("access-control-allow-methods", cors.allowedMethods.join(", "));
    response.setHeader("access-control-allow-headers", cors.allowedHeaders.join(", "));
    response.setHeader("access-control-expose-headers", cors.exposedHeaders.join(", "));
    if (request.method === "OPTIONS") response.writeHead(204).end();
    else listener(request, response);
  });
  server.listen(0);
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.close();
  });
  const baseUrl = `http://localhost:${(server.address() as AddressInfo).port}`;
  const preflight = await fetch(`${baseUrl}/monitor.v1.MonitorService/Watch`, {
    method: "OPTIONS",
  });
  expect(preflight.status).toBe(204);
  const transport = createConnectTransport({ baseUrl });
  const stream = createMonitorServiceClient(transport).watch({ interval: 1 });
  expect((await stream.header).get("access-control-allow-origin")).toBe(origin);
  expect(await stream.recv()).toMatchObject({ cpu: 1 });
});
