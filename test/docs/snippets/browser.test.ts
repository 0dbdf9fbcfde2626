// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { serve } from "connect-stream/node";
import { expect, it, onTestFinished } from "vitest";
import { createAnalyticsServiceClient } from "../../../gen/analytics/v1/analytics_stream.js";
import {
  createMonitorServiceClient,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";
import { openPage } from "../../support/page-fetch.js";
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
  const server = await serve({ routes, cors: { origins: ["https://www.example.com"] } });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const { fetch } = openPage("https://www.example.com");
  const transport = createConnectTransport({ baseUrl: server.url, fetch });
  const stream = createMonitorServiceClient(transport).watch({ interval: 1 });
  expect(await stream.recv()).toMatchObject({ cpu: 1 });
});

it("answers pages with a token", async () => {
  const server = await serve({
    routes,
    cors: {
      origins: (origin) => origin.endsWith(".example.com"),
      allowedHeaders: ["authorization"],
      exposedHeaders: ["host-name"],
    },
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const { fetch } = openPage("https://www.example.com");
  const transport = createConnectTransport({ baseUrl: server.url, fetch });
  const client = createMonitorServiceClient(transport);
  const stream = client.watch({ interval: 1 }, { headers: { authorization: "Bearer ada's" } });
  expect(await stream.recv()).toMatchObject({ cpu: 1 });
});

it("subscribes to a stream, as components do", async () => {
  const { url: baseUrl } = await start(routes);
  const client = createMonitorServiceClient(createConnectTransport({ baseUrl }));

  function subscribe(onSample: (cpu: number) => void, onError: (error: unknown) => void) {
    const stream = client.watch({ interval: 1 });
    const read = async () => {
      for await (const { cpu } of stream) onSample(cpu);
    };
    read().catch((error: unknown) => {
      if (ConnectError.from(error).code !== Code.Canceled) onError(error);
    });
    return () => stream.close();
  }

  const errors: unknown[] = [];
  await new Promise<void>((resolve) => {
    const unsubscribe = subscribe(
      (cpu) => {
        expect(cpu).toBe(1);
        unsubscribe();
        setImmediate(resolve);
      },
      (error) => errors.push(error),
    );
  });
  expect(errors).toEqual([]);
});
