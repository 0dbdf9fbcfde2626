// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
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

it("a send waits for a slow reader", async () => {
  let accepted = 0;
  const analytics: AnalyticsServiceHandler = {
    async process(stream) {
      stream.sendHeaders();
      await new Promise((resolve) => stream.context.signal.addEventListener("abort", resolve));
    },
  };
  const { transport } = await start((router) => registerAnalyticsService(router, analytics));
  const stream = createAnalyticsServiceClient(transport).process();
  await stream.header;
  const data = new Uint8Array(16 * 1024);
  const sending = (async () => {
    for (; accepted < 1000; accepted++) await stream.send({ eventType: "blob", data });
  })();
  let before = -1;
  await vi.waitFor(
    () => {
      const settled = accepted === before;
      before = accepted;
      expect(settled).toBe(true);
    },
    { interval: 200, timeout: 10_000 },
  );
  expect(accepted).toBeLessThan(100);
  stream.close();
  await expect(sending).rejects.toMatchObject({ code: Code.Canceled });
});

it("limits what waits for a client that does not read", async () => {
  const ticks = new Set<() => void>();
  const MAX_WAITING = 100;
  const monitor: Partial<MonitorServiceHandler> = {
    async watch(_request, stream) {
      const { signal } = stream.context;
      let waiting = 0;
      await new Promise<void>((_resolve, reject) => {
        const push = () => {
          if (++waiting > MAX_WAITING) {
            reject(new ConnectError("you read too slowly", Code.ResourceExhausted));
          }
          stream.send({ cpu: 1, memory: 2 }).then(() => waiting--, reject);
        };
        ticks.add(push);
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    },
  };
  const { transport } = await start((router) => registerMonitorService(router, monitor));
  const stream = createMonitorServiceClient(transport).watch({ interval: 1 });
  await vi.waitFor(() => expect(ticks.size).toBe(1));
  for (const push of ticks) for (let i = 0; i < 101; i++) push();
  const drain = async () => {
    for await (const _ of stream);
  };
  await expect(drain()).rejects.toMatchObject({ code: Code.ResourceExhausted });
});
