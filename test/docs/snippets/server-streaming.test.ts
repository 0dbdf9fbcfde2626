// SPDX-License-Identifier: Apache-2.0
import { EventEmitter, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import {
  createMonitorServiceClient,
  type MonitorServiceHandler,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";
import { start } from "./harness.js";

const sample = () => ({ cpu: 12.5, memory: 50 });

it("samples with a timer", async () => {
  let stopped = () => {};
  const done = new Promise<void>((resolve) => {
    stopped = resolve;
  });
  const monitor: Partial<MonitorServiceHandler> = {
    async watch({ interval }, stream) {
      const { signal } = stream.context;
      try {
        while (true) {
          await stream.send(sample());
          // Throws, and clears its timer, when the client goes away.
          await sleep(interval * 1000, undefined, { signal });
        }
      } finally {
        stopped();
      }
    },
  };
  const { transport } = await start((router) => registerMonitorService(router, monitor));
  const client = createMonitorServiceClient(transport);
  const seen: number[] = [];
  for await (const { cpu, memory } of client.watch({ interval: 1 })) {
    seen.push(cpu, memory);
    if (seen.length >= 4) break; // closes the call: the server sees a cancel
  }
  expect(seen).toEqual([12.5, 50, 12.5, 50]);
  await done;
});

it("pushes from an event", async () => {
  const sensor = new EventEmitter<{ sample: [{ cpu: number; memory: number }]; end: [] }>();
  const monitor: Partial<MonitorServiceHandler> = {
    async watch(_request, stream) {
      const push = (value: { cpu: number; memory: number }) => void stream.send(value);
      sensor.on("sample", push);
      stream.sendHeaders(); // tells the client that it is connected
      try {
        // Until the sensor ends, or the client goes away.
        await once(sensor, "end", { signal: stream.context.signal });
      } finally {
        sensor.off("sample", push);
      }
    },
  };
  const { transport } = await start((router) => registerMonitorService(router, monitor));
  const client = createMonitorServiceClient(transport);
  const stream = client.watch({ interval: 1 });
  await stream.header; // the server has taken the call
  sensor.emit("sample", { cpu: 1, memory: 2 });
  sensor.emit("sample", { cpu: 3, memory: 4 });
  expect(await stream.recv()).toMatchObject({ cpu: 1, memory: 2 });
  expect(await stream.recv()).toMatchObject({ cpu: 3, memory: 4 });
  sensor.emit("end");
  expect(await stream.recv()).toBeUndefined();
  expect(sensor.listenerCount("sample")).toBe(0);

  const left = client.watch({ interval: 1 });
  await left.header;
  expect(sensor.listenerCount("sample")).toBe(1);
  left.close();
  await expect.poll(() => sensor.listenerCount("sample")).toBe(0);
});
