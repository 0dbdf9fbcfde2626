// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { resumable } from "connect-stream";
import { expect, it } from "vitest";
import { WatchRequestSchema } from "../../../gen/monitor/v1/monitor_pb.js";
import {
  createMonitorServiceClient,
  type MonitorServiceHandler,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";
import { start } from "./harness.js";

const monitor: Partial<MonitorServiceHandler> = {
  async watch({ interval }, stream) {
    if (interval < 1) {
      const metadata = { "retry-after": "1" };
      const details = [{ desc: WatchRequestSchema, value: { interval: 1 } }];
      throw new ConnectError("interval is too short", Code.InvalidArgument, metadata, details);
    }
    await stream.send({ cpu: 1, memory: 2 });
    throw new Error("the sensor burns");
  },
};

it("a ConnectError reaches the client as it is", async () => {
  const { transport } = await start((router) => registerMonitorService(router, monitor));
  const client = createMonitorServiceClient(transport);
  const seen: unknown[] = [];
  try {
    for await (const { cpu } of client.watch({ interval: 0 })) console.log(cpu);
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    if (error.code !== Code.InvalidArgument) throw error;
    const [allowed] = error.findDetails(WatchRequestSchema);
    seen.push(error.rawMessage, error.metadata.get("retry-after"), allowed?.interval);
  }
  expect(seen).toEqual(["interval is too short", "1", 1]);
});

it("anything else stays on the server", async () => {
  const logged: string[] = [];
  const logger = { error: (line: string) => logged.push(line) };
  const { transport } = await start((router) => {
    registerMonitorService(router, monitor, {
      onError: (error, context) => logger.error(`${context.method.name}: ${error}`),
    });
  });
  const stream = createMonitorServiceClient(transport).watch({ interval: 1 });
  // What was sent before the error arrives before the error.
  expect(await stream.recv()).toMatchObject({ cpu: 1, memory: 2 });
  await expect(stream.recv()).rejects.toMatchObject({
    code: Code.Internal,
    rawMessage: "internal error",
  });
  expect(logged).toEqual(["Watch: Error: the sensor burns"]);
});

it("what a handler leaves out is unimplemented", async () => {
  const { transport } = await start((router) => registerMonitorService(router, monitor));
  await expect(createMonitorServiceClient(transport).read({})).rejects.toMatchObject({
    code: Code.Unimplemented,
    rawMessage: "monitor.v1.MonitorService.Read is not implemented",
  });
});

it("goes on with what may work the next time", async () => {
  let attempts = 0;
  const flaky: Partial<MonitorServiceHandler> = {
    async watch(_request, stream) {
      if (++attempts < 3) throw new ConnectError("busy", Code.Unavailable);
      await stream.send({ cpu: 1, memory: 2 });
    },
  };
  const { transport } = await start((router) => registerMonitorService(router, flaky));
  const client = createMonitorServiceClient(transport);
  const seen: number[] = [];
  const samples = resumable(client.watch, {
    request: { interval: 1 },
    next: (_, request) => request,
  });
  for await (const { cpu } of samples) seen.push(cpu);
  expect(seen).toEqual([1]);
  expect(attempts).toBe(3);
});
