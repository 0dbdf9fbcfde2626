// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import { takeUntil } from "connect-stream";
import { createStreamTransport, serve } from "connect-stream/node";
import { expect, it, onTestFinished } from "vitest";
import {
  createMonitorServiceClient,
  type MonitorServiceHandler,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";

async function* samples() {
  while (true) {
    yield { cpu: 1, memory: 2 };
    await sleep(60_000, undefined, { ref: false });
  }
}

async function watch(monitor: Partial<MonitorServiceHandler>) {
  const server = await serve({ routes: (router) => registerMonitorService(router, monitor) });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const transport = createStreamTransport({ baseUrl: server.url, protocol: "grpc" });
  const stream = createMonitorServiceClient(transport).watch({ interval: 60 });
  expect(await stream.recv()).toMatchObject({ cpu: 1 });
  return { server, stream };
}

it("ends a watch when the server drains", async () => {
  const monitor: Partial<MonitorServiceHandler> = {
    async watch(_request, stream) {
      for await (const sample of takeUntil(samples(), stream.context.drainSignal)) {
        await stream.send(sample);
      }
    },
  };
  const { server, stream } = await watch(monitor);
  const closed = server.close();
  expect(await stream.recv()).toBeUndefined();
  await closed;
});

it("sends clients elsewhere when the server drains", async () => {
  const monitor: Partial<MonitorServiceHandler> = {
    async watch(_request, stream) {
      const { drainSignal } = stream.context;
      for await (const sample of takeUntil(samples(), drainSignal)) await stream.send(sample);
      drainSignal.throwIfAborted();
    },
  };
  const { server, stream } = await watch(monitor);
  const closed = server.close();
  await expect(stream.recv()).rejects.toMatchObject({ code: Code.Unavailable });
  await closed;
});

it("tells what it waits for", async () => {
  const told: unknown[] = [];
  const log = (line: unknown) => told.push(line);
  const { server } = await watch({
    async watch(_request, stream) {
      await stream.send({ cpu: 1, memory: 2 });
      await sleep(60_000, undefined, { signal: stream.context.signal });
    },
  });
  const onWait = (open: ReadonlyMap<string, number>) => log(Object.fromEntries(open));
  await server.close({ graceMs: 200, onWait });
  expect(told).toEqual([{ "/monitor.v1.MonitorService/Watch": 1 }]);
});
