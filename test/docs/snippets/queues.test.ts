// SPDX-License-Identifier: Apache-2.0
import { Code } from "@connectrpc/connect";
import { expect, it, vi } from "vitest";
import {
  type AnalyticsServiceHandler,
  createAnalyticsServiceClient,
  registerAnalyticsService,
} from "../../../gen/analytics/v1/analytics_stream.js";
import {
  createMonitorServiceClient,
  type MonitorServiceHandler,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";
import { start } from "./harness.js";

it("ends the call of a client that reads too slowly", async () => {
  const listeners = new Set<(cpu: number) => unknown>();
  const { transport } = await start((router) => {
    const monitor: Partial<MonitorServiceHandler> = {
      async watch(_request, stream) {
        await new Promise<void>((_resolve, reject) => {
          const push = (cpu: number) =>
            stream.send({ cpu, memory: 1 }).catch((error: unknown) => {
              listeners.delete(push);
              reject(error);
            });
          listeners.add(push);
        });
      },
    };
    registerMonitorService(router, monitor, {
      queues: { send: { maxMessages: 100, whenFull: "fail" } },
    });
  });
  const client = createMonitorServiceClient(transport);
  const stream = client.watch({ interval: 1 });
  await vi.waitFor(() => expect(listeners.size).toBe(1));
  // All at once: 64 KiB for the connection, a hundred for the queue, and one too many.
  for (const push of listeners) for (let i = 0; i < 10_000; i++) push(i);
  const drain = async () => {
    for await (const _ of stream);
  };
  await expect(drain()).rejects.toMatchObject({ code: Code.ResourceExhausted });
  expect(listeners.size).toBe(0);
});

it("keeps the newest events, and counts the others", async () => {
  const analytics: AnalyticsServiceHandler = {
    async process(stream) {
      let count = 0n;
      for await (const _ of stream) count++;
      await stream.sendAndClose({ processedCount: count });
    },
  };
  const { transport } = await start((router) => registerAnalyticsService(router, analytics));
  const client = createAnalyticsServiceClient(transport);
  const events = Array.from({ length: 120 }, () => ({ eventType: "click" }));
  const stream = client.process({
    queues: { send: { maxMessages: 100, whenFull: "drop-oldest" } },
  });
  for (const event of events) void stream.send(event);
  const { processedCount } = await stream.closeAndRecv();
  const { sent } = await stream.outcome;
  expect(processedCount + BigInt(sent.dropped)).toBe(120n);
  expect(sent.dropped).toBe(20);
});

it("shows the latest sample, and no old one", async () => {
  const monitor: Partial<MonitorServiceHandler> = {
    async watch(_request, stream) {
      for (let cpu = 1; cpu <= 50; cpu++) await stream.send({ cpu, memory: 1 });
      await new Promise((resolve) => stream.context.signal.addEventListener("abort", resolve));
    },
  };
  const { transport } = await start((router) => registerMonitorService(router, monitor));
  const client = createMonitorServiceClient(transport);
  const stream = client.watch(
    { interval: 1 },
    { queues: { receive: { maxMessages: 1, whenFull: "drop-oldest" } } },
  );
  await vi.waitFor(() => expect(stream.queued.receive.dropped).toBe(49));
  expect((await stream.recv())?.cpu).toBe(50);
  stream.close();
});

it("sends less when it piles up", async () => {
  let skipped = 0;
  const monitor: Partial<MonitorServiceHandler> = {
    async watch(_request, stream) {
      for (let cpu = 0; cpu < 10_000; cpu++) {
        const { messages } = stream.queued.send;
        if (messages > 10) skipped++;
        else void stream.send({ cpu, memory: 1 });
      }
    },
  };
  const { transport } = await start((router) => registerMonitorService(router, monitor));
  const stream = createMonitorServiceClient(transport).watch({ interval: 1 });
  let read = 0;
  for await (const _ of stream) read++;
  expect(skipped).toBeGreaterThan(0);
  expect(read + skipped).toBe(10_000);
});
