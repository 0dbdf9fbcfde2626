// SPDX-License-Identifier: Apache-2.0
import { createRouterTransport } from "@connectrpc/connect";
import { expect, it } from "vitest";
import {
  createMonitorServiceClient,
  type MonitorServiceHandler,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";

const monitor: Partial<MonitorServiceHandler> = {
  async watch(_request, stream) {
    await stream.send({ cpu: 1, memory: 2 });
  },
};

it("tests a handler without a server", async () => {
  const transport = createRouterTransport((router) => {
    registerMonitorService(router, monitor);
  });
  const stream = createMonitorServiceClient(transport).watch({ interval: 1 });
  expect(await stream.recv()).toMatchObject({ cpu: 1, memory: 2 });
  expect(await stream.recv()).toBeUndefined();
});
