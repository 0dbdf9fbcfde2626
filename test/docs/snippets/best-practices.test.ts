// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import type { RpcObserver } from "connect-stream";
import { expect, it } from "vitest";
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

const log: string[] = [];
let subscriptions = 0;

function subscribe(): { latest(): { cpu: number; memory: number }; close(): void } {
  subscriptions++;
  return { latest: () => ({ cpu: 1, memory: 2 }), close: () => void subscriptions-- };
}

const monitor: Partial<MonitorServiceHandler> = {
  async watch({ interval }, stream) {
    const source = subscribe();
    try {
      while (true) {
        await stream.send(source.latest());
        await sleep(interval * 1000, undefined, { signal: stream.context.signal });
      }
    } finally {
      source.close();
    }
  },
};

const analytics: AnalyticsServiceHandler = {
  async process(stream) {
    let processedCount = 0n;
    while (await stream.recv()) processedCount++;
    await stream.sendAndClose({ processedCount });
  },
};

const observer: RpcObserver = {
  open: ({ method }) => ({
    onEnd({ code, durationMs, sent }) {
      const status = code === undefined ? "ok" : Code[code];
      log.push(`${method.name}: ${status}, ${sent.messages} sent, ${durationMs.toFixed()} ms`);
    },
  }),
};

it("holds", async () => {
  const { transport } = await start((router) => {
    registerMonitorService(router, monitor, {
      timeouts: { sendMs: 30_000, maxAgeMs: 60 * 60_000 },
      limits: { readMaxBytes: 64 * 1024 },
      observer,
    });
    registerAnalyticsService(router, analytics, {
      timeouts: { idleMs: 60_000 },
      limits: { readMaxBytes: 64 * 1024, readStreamMaxBytes: 16 * 1024 * 1024 },
    });
  });

  const client = createMonitorServiceClient(transport, {
    timeouts: { firstMessageMs: 10_000, idleMs: 60_000 },
    retry: {},
  });
  const seen: number[] = [];
  {
    await using stream = client.watch({ interval: 60 });
    const first = await stream.recv();
    if (first) seen.push(first.cpu);
  }
  expect(seen).toEqual([1]);
  await expect.poll(() => subscriptions).toBe(0);
  await expect
    .poll(() => log)
    .toEqual([expect.stringMatching(/^Watch: Canceled, 1 sent, \d+ ms$/)]);

  const events = ["a", "b", "c"].map((eventType) => ({
    eventType,
    timestamp: "2025-01-01T00:00:00Z",
    data: new Uint8Array([1]),
  }));
  await using upload = createAnalyticsServiceClient(transport).process();
  for (const event of events) await upload.send(event);
  const { processedCount } = await upload.closeAndRecv();
  expect(processedCount).toBe(3n);
});
