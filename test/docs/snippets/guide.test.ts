// SPDX-License-Identifier: Apache-2.0
import { Code } from "@connectrpc/connect";
import { beforeEach, expect, it, vi } from "vitest";
import {
  createAnalyticsServiceClient,
  registerAnalyticsService,
} from "../../../gen/analytics/v1/analytics_stream.js";
import { createChatServiceClient, registerChatService } from "../../../gen/chat/v1/chat_stream.js";
import {
  createMonitorServiceClient,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";
import * as guide from "./guide.js";
import { start } from "./harness.js";

const log = vi.spyOn(console, "log").mockImplementation(() => {});
beforeEach(() => log.mockClear());

const startAll = () =>
  start((router) => {
    registerMonitorService(router, guide.monitor);
    registerAnalyticsService(router, guide.analytics);
    registerChatService(router, guide.chat);
  });

it("watches", async () => {
  const { transport } = await startAll();
  const controller = new AbortController();
  log.mockImplementation(() => controller.abort());
  await expect(
    guide.watchMetrics(createMonitorServiceClient(transport), controller.signal),
  ).rejects.toMatchObject({ code: Code.Canceled });
  expect(log.mock.calls).toEqual([["CPU: 12.50%, Memory: 50.00%"]]);
});

it("uploads", async () => {
  const { transport } = await startAll();
  const events = [{ eventType: "a" }, { eventType: "b" }];
  await guide.uploadEvents(createAnalyticsServiceClient(transport), events);
  expect(guide.processed).toEqual(["a", "b"]);
  expect(log.mock.calls).toEqual([["Processed 2 events"]]);
});

it("chats", async () => {
  const { transport } = await startAll();
  await guide.startChat(createChatServiceClient(transport), "ada");
  expect(log.mock.calls).toHaveLength(3);
  expect(log.mock.calls[0]?.[0]).toMatch(/^Received: Hello from ada at \d{4}-/);
});

it("tells the end of a stream from its failure", async () => {
  const { transport } = await start((router) => {
    registerMonitorService(router, { watch: async () => {} });
  });
  const client = createMonitorServiceClient(transport);
  expect(await guide.endOfStream(client)).toBe("the server is done");
});
