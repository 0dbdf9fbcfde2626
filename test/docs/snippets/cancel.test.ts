// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
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

it("every way to leave a call cancels it", async () => {
  const cleanUp = vi.fn();
  const monitor: Partial<MonitorServiceHandler> = {
    async watch({ interval }, stream) {
      try {
        while (true) {
          await stream.send({ cpu: 1, memory: 2 });
          await sleep(interval * 1000, undefined, { signal: stream.context.signal });
        }
      } finally {
        cleanUp(stream.context.signal.aborted);
      }
    },
  };
  const { transport } = await start((router) => registerMonitorService(router, monitor));
  const client = createMonitorServiceClient(transport);
  {
    await using stream = client.watch({ interval: 60 });
    await stream.recv();
  } // here
  for await (const _ of client.watch({ interval: 60 })) break; // here
  const stream = client.watch({ interval: 60 });
  await stream.recv();
  stream.close(); // here
  const controller = new AbortController();
  const aborted = client.watch({ interval: 60 }, { signal: controller.signal });
  await aborted.recv();
  controller.abort(); // and here
  await vi.waitFor(() => expect(cleanUp.mock.calls).toEqual([[true], [true], [true], [true]]));
  await expect(stream.recv()).rejects.toMatchObject({ code: Code.Canceled });
  expect(await stream.outcome).toMatchObject({ endedBy: "client", code: Code.Canceled });
});

it("half an upload never looks like a whole one", async () => {
  const committed = vi.fn();
  const rolledBack = vi.fn();
  const batches: unknown[][] = [];
  const newBatch = () => {
    const batch: unknown[] = [];
    batches.push(batch);
    return batch;
  };
  const analytics: AnalyticsServiceHandler = {
    async process(stream) {
      const batch = newBatch();
      try {
        for await (const event of stream) batch.push(event);
      } catch (error) {
        rolledBack(error); // canceled, or the deadline: the upload is not complete
        throw error;
      }
      committed(batch);
      await stream.sendAndClose({ processedCount: BigInt(batch.length) });
    },
  };
  const { transport } = await start((router) => registerAnalyticsService(router, analytics));
  const stream = createAnalyticsServiceClient(transport).process();
  await stream.send({ eventType: "search" });
  await vi.waitFor(() => expect(batches[0]).toHaveLength(1));
  stream.close();
  await vi.waitFor(() => expect(rolledBack).toHaveBeenCalledTimes(1));
  expect(rolledBack.mock.calls[0]?.[0]).toMatchObject({ code: Code.Canceled });
  expect(committed).not.toHaveBeenCalled();
});
