// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { Code } from "@connectrpc/connect";
import type { StreamTimeouts } from "connect-stream";
import { expect, it } from "vitest";
import {
  createMonitorServiceClient,
  type MonitorServiceHandler,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";
import { start } from "./harness.js";

const monitor: Partial<MonitorServiceHandler> = {
  async watch(_request, stream) {
    await stream.send({ cpu: 1, memory: 2 });
    await once(stream.context.signal, "abort");
  },
};

it("each limit on its own", async () => {
  const { transport } = await start((router) => {
    registerMonitorService(router, monitor, {
      timeouts: { sendMs: 30_000, maxAgeMs: 60 * 60_000 },
    });
  });
  const client = createMonitorServiceClient(transport, {
    timeouts: { firstMessageMs: 5_000, idleMs: 60_000 },
  });
  const stream = client.watch({ interval: 1 }, { timeouts: { idleMs: 500 } });
  expect(await stream.recv()).toMatchObject({ cpu: 1 });
  await expect(stream.recv()).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  expect(await stream.outcome).toMatchObject({ endedBy: "deadline" });
});

it("come again", async () => {
  const timeouts: StreamTimeouts = { maxAgeMs: 50 };
  const { transport } = await start((router) =>
    registerMonitorService(router, monitor, { timeouts }),
  );
  const client = createMonitorServiceClient(transport);
  const seen: number[] = [];
  for (let streams = 0; streams < 2; streams++) {
    try {
      for await (const { cpu } of client.watch({ interval: 1 })) seen.push(cpu);
    } catch (error) {
      expect(error).toMatchObject({ code: Code.Unavailable });
    }
  }
  expect(seen).toEqual([1, 1]);
});
