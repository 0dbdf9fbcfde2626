// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, it } from "vitest";
import {
  createMonitorServiceClient,
  type MonitorServiceHandler,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";
import { start } from "./harness.js";

const monitor: Partial<MonitorServiceHandler> = {
  async watch({ interval }, stream) {
    while (true) {
      await stream.send({ cpu: stream.context.timeoutMs() ?? -1, memory: 0 });
      await sleep(interval * 1000, undefined, { signal: stream.context.signal });
    }
  },
};

it("ends a call in time", async () => {
  const { transport } = await start((router) => registerMonitorService(router, monitor));
  const client = createMonitorServiceClient(transport, { timeoutMs: 30_000 });
  const stream = client.watch({ interval: 60 }, { timeoutMs: 2000 });
  expect((await stream.recv())?.cpu).toBeLessThanOrEqual(2000);
  await expect(stream.recv()).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  expect((await client.watch({ interval: 60 }).recv())?.cpu).toBeGreaterThan(2000);
});

it("limits the wait for one message", async () => {
  let goOn = () => {};
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const { transport } = await start((router) =>
    registerMonitorService(router, {
      async watch(_request, stream) {
        await gate;
        await stream.send({ cpu: 1, memory: 2 });
      },
    }),
  );
  const client = createMonitorServiceClient(transport);
  const missed: string[] = [];
  const stream = client.watch({ interval: 1 });
  try {
    await stream.recv({ timeoutMs: 100 });
  } catch (error) {
    if (ConnectError.from(error).code !== Code.DeadlineExceeded) throw error;
    missed.push("no sample in time"); // the stream goes on, and nothing is lost
  }
  goOn();
  expect(missed).toHaveLength(1);
  expect(await stream.recv()).toMatchObject({ cpu: 1, memory: 2 });
});

it("limits what clients may ask for", async () => {
  const { transport } = await start((router) => registerMonitorService(router, monitor), {
    maxTimeoutMs: 60_000,
  });
  const stream = createMonitorServiceClient(transport).watch(
    { interval: 1 },
    { timeoutMs: 90_000 },
  );
  await expect(stream.recv()).rejects.toMatchObject({ code: Code.InvalidArgument });
});
