// SPDX-License-Identifier: Apache-2.0
import type { StreamContext } from "connect-stream";
import { testCall } from "connect-stream/testing";
import { expect, it } from "vitest";
import {
  MonitorService,
  type ReadRequest,
  type WatchRequest,
} from "../../../gen/monitor/v1/monitor_pb.js";
import {
  createMonitorServiceClient,
  type MonitorServiceHandler,
  registerMonitorService,
  type WatchServerStream,
} from "../../../gen/monitor/v1/monitor_stream.js";
import { start } from "./harness.js";

class Sensor {
  sample() {
    return { cpu: 1, memory: 2 };
  }

  async *samples(count: number) {
    for (let i = 0; i < count; i++) yield this.sample();
  }
}

it("takes a class whose methods are properties", async () => {
  class Monitor implements MonitorServiceHandler {
    readonly #sensor = new Sensor();

    readonly read: MonitorServiceHandler["read"] = () => this.#sensor.sample();

    readonly watch: MonitorServiceHandler["watch"] = async ({ interval }, stream) => {
      for await (const sample of this.#sensor.samples(interval)) await stream.send(sample);
    };
  }
  const monitor = new Monitor();
  const { transport } = await start((router) => registerMonitorService(router, monitor));
  const client = createMonitorServiceClient(transport);
  expect(await client.read({})).toMatchObject({ cpu: 1, memory: 2 });
  expect(await client.watch({ interval: 1 }).recv()).toMatchObject({ cpu: 1 });
  const call = testCall(MonitorService.method.read, monitor.read, {});
  expect(await call.recv()).toMatchObject({ cpu: 1 });
});

it("takes a class with methods", async () => {
  class Monitor implements MonitorServiceHandler {
    read(_request: ReadRequest, { requestHeader }: StreamContext) {
      return { cpu: Number(requestHeader.get("cpu")) };
    }

    async watch({ interval }: WatchRequest, stream: WatchServerStream) {
      await stream.send({ cpu: interval });
    }
  }
  const { transport } = await start((router) => registerMonitorService(router, new Monitor()));
  const client = createMonitorServiceClient(transport);
  expect(await client.read({}, { headers: { cpu: "3" } })).toMatchObject({ cpu: 3 });
  expect(await client.watch({ interval: 1 }).recv()).toMatchObject({ cpu: 1 });
});
