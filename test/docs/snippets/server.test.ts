// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, type ConnectRouter } from "@connectrpc/connect";
import { createStreamTransport, serve } from "connect-stream/node";
import { expect, it, onTestFinished } from "vitest";
import {
  createMonitorServiceClient,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";
import { certFile, keyFile } from "../../support/tls.js";

const routes = (router: ConnectRouter) =>
  registerMonitorService(router, {
    async watch({ interval }, stream) {
      const { signal } = stream.context;
      for (let i = 0; i < 2; i++) {
        await stream.send({ cpu: i, memory: 0 });
        await sleep(interval, undefined, { signal });
      }
    },
  });

it("drains on SIGTERM", async () => {
  const server = await serve({ routes, port: 0 });
  process.once("SIGTERM", () => server.close({ graceMs: 200 }));
  const transport = createStreamTransport({ baseUrl: server.url, protocol: "grpc" });
  const client = createMonitorServiceClient(transport);
  const short = client.watch({ interval: 1 });
  const long = client.watch({ interval: 60_000 });
  await Promise.all([short.recv(), long.recv()]);
  process.emit("SIGTERM");
  expect(await short.recv()).toMatchObject({ cpu: 1 });
  expect(await short.recv()).toBeUndefined();
  await expect(long.recv()).rejects.toMatchObject({ code: Code.Unavailable });
  await expect(client.watch({ interval: 1 }).recv()).rejects.toMatchObject({
    code: Code.Unavailable,
  });
});

it("serves TLS", async () => {
  const server = await serve({
    routes,
    host: "localhost",
    port: 0,
    tls: { key: readFileSync(keyFile), cert: readFileSync(certFile) },
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const transport = createStreamTransport({
    baseUrl: server.url,
    protocol: "grpc",
    nodeOptions: { ca: readFileSync(certFile) },
  });
  expect(server.url).toMatch(/^https:\/\/localhost:/);
  expect(await createMonitorServiceClient(transport).watch({ interval: 1 }).recv()).toBeDefined();
});

it("reports how calls went", async () => {
  const server = await serve({ routes, port: 0 });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const transport = createStreamTransport({ baseUrl: server.url, protocol: "grpc" });
  const metrics: unknown[] = [];
  const stream = createMonitorServiceClient(transport).watch({ interval: 1 });
  stream.outcome.then(({ code, received, durationMs, endedBy }) => {
    metrics.push({ code, messages: received.messages, durationMs, endedBy });
  });
  for await (const _ of stream);
  await stream.outcome;
  expect(metrics).toEqual([
    { code: undefined, messages: 2, durationMs: expect.any(Number), endedBy: "server" },
  ]);
});
