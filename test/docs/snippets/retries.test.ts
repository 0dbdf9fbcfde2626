// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, it } from "vitest";
import {
  createAnalyticsServiceClient,
  registerAnalyticsService,
} from "../../../gen/analytics/v1/analytics_stream.js";
import {
  createMonitorServiceClient,
  type MonitorServiceHandler,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";
import { start } from "./harness.js";

function busyMonitor(refusals: number): Partial<MonitorServiceHandler> {
  return {
    async watch(_request, stream) {
      if (refusals-- > 0) {
        throw new ConnectError("busy", Code.Unavailable, { "grpc-retry-pushback-ms": "5" });
      }
      await stream.send({ cpu: 1, memory: 2 });
    },
  };
}

it("retries a watch", async () => {
  const { transport } = await start((router) => registerMonitorService(router, busyMonitor(2)));
  const client = createMonitorServiceClient(transport, {
    retry: { maxAttempts: 4, retryableCodes: [Code.Unavailable] },
  });
  const stream = client.watch({ interval: 1 });
  const sample = await stream.recv();
  const { attempts } = await stream.outcome; // 3: two failed
  expect([sample?.cpu, attempts]).toEqual([1, 3]);
});

it("has all terms of gRPC's policy", async () => {
  const { transport } = await start((router) => registerMonitorService(router, busyMonitor(1)));
  const client = createMonitorServiceClient(transport, {
    timeoutMs: 10_000, // for all attempts together
    retry: {
      maxAttempts: 5,
      initialBackoffMs: 100,
      maxBackoffMs: 2000,
      backoffMultiplier: 1.5,
      retryableCodes: [Code.Unavailable, Code.ResourceExhausted],
      throttling: { maxTokens: 10, tokenRatio: 0.1 },
    },
  });
  const once = client.watch({ interval: 1 }, { retry: false });
  await expect(once.recv()).rejects.toMatchObject({ code: Code.Unavailable });
  expect((await client.watch({ interval: 1 }).recv())?.cpu).toBe(1);
});

it("sends an upload again", async () => {
  let uploads = 0;
  const { transport } = await start((router) =>
    registerAnalyticsService(router, {
      async process(stream) {
        let count = 0n;
        for await (const _ of stream) count++;
        if (++uploads < 2) throw new ConnectError("restarting", Code.Unavailable);
        await stream.sendAndClose({ processedCount: count });
      },
    }),
  );
  const retry = { retryableCodes: [Code.Unavailable], maxBufferBytes: 1024 * 1024 };
  const stream = createAnalyticsServiceClient(transport).process({ retry });
  for (const eventType of ["open", "click"]) await stream.send({ eventType });
  const { processedCount } = await stream.closeAndRecv();
  expect([processedCount, uploads]).toEqual([2n, 2]);
});
