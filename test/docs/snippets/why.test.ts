// SPDX-License-Identifier: Apache-2.0
// The README's first handler, and the async generator below it, on Connect's own adapter.
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { createStreamTransport } from "connect-stream/node";
import { expect, it, onTestFinished } from "vitest";
import { MonitorService } from "../../../gen/monitor/v1/monitor_pb.js";
import {
  createMonitorServiceClient,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";
import { start } from "./harness.js";
import { monitor as generator } from "./why/generator.js";
import { monitor } from "./why/handler.js";
import { sensor } from "./why/sensor.js";

/** Receives a sample, then leaves. */
async function watchOnce(baseUrl: string): Promise<void> {
  const transport = createStreamTransport({ baseUrl, protocol: "connect" });
  const controller = new AbortController();
  const stream = createMonitorServiceClient(transport).watch(
    { interval: 1 },
    { signal: controller.signal },
  );
  const first = stream.recv();
  await expect.poll(() => sensor.listenerCount("sample")).toBe(1);
  sensor.emit("sample", { cpu: 1, memory: 2 });
  expect(await first).toMatchObject({ cpu: 1, memory: 2 });
  controller.abort();
  await stream.outcome;
}

it("a handler pushes from an event, and notices that its client has gone", async () => {
  const { url } = await start((router) => registerMonitorService(router, monitor));
  await watchOnce(url);
  await expect.poll(() => sensor.listenerCount("sample")).toBe(0);
});

it("an async generator stays where it waits", async () => {
  let notice = () => {};
  const noticed = new Promise<void>((resolve) => {
    notice = resolve;
  });
  const server = createServer(
    connectNodeAdapter({
      routes: (router) => router.service(MonitorService, generator),
      interceptors: [
        (next) => (request) => {
          request.signal.addEventListener("abort", () => notice());
          return next(request);
        },
      ],
    }),
  ).listen(0);
  onTestFinished(() => void server.close());
  await watchOnce(`http://localhost:${(server.address() as AddressInfo).port}`);
  await noticed;
  // The server knows. All that could run because of it has run by then.
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(sensor.listenerCount("sample")).toBe(1);
  sensor.removeAllListeners("sample");
});
