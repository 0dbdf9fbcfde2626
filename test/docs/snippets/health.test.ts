// SPDX-License-Identifier: Apache-2.0
import { type ConnectRouter, createClient } from "@connectrpc/connect";
import { createHealth, registerHealth } from "connect-stream/health";
import { createStreamTransport, serve } from "connect-stream/node";
import { registerReflection } from "connect-stream/reflection";
import { expect, it, onTestFinished } from "vitest";
import { MonitorService } from "../../../gen/monitor/v1/monitor_pb.js";
import { registerMonitorService } from "../../../gen/monitor/v1/monitor_stream.js";
import { file_google_rpc_error_details } from "../../../runtime/src/gen/google/rpc/error_details_pb.js";
import { Health } from "../../../runtime/src/gen/grpc/health/v1/health_pb.js";

const monitor = {};

async function statusOf(url: string, service: string): Promise<number> {
  const transport = createStreamTransport({ baseUrl: url, protocol: "grpc" });
  return (await createClient(Health, transport).check({ service })).status;
}

it("serves both", async () => {
  const server = await serve({
    routes(router) {
      registerMonitorService(router, monitor);
      registerHealth(router);
      registerReflection(router);
    },
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  expect(await statusOf(server.url, "monitor.v1.MonitorService")).toBe(1);
  expect(await statusOf(server.url, "grpc.reflection.v1.ServerReflection")).toBe(1);
});

it("tells of a database", async () => {
  let lose = (): void => undefined;
  const database = {
    connect: async () => undefined,
    onLost(listener: () => void) {
      lose = listener;
    },
  };
  const health = createHealth({ "": "NOT_SERVING" });
  const server = await serve({
    routes(router) {
      registerMonitorService(router, monitor);
      registerHealth(router, { health });
    },
  });
  await database.connect();
  health.setStatus("", "SERVING");
  database.onLost(() => health.setStatus(MonitorService, "NOT_SERVING"));
  onTestFinished(() => server.close({ graceMs: 0 }));
  expect(await statusOf(server.url, "")).toBe(1);
  expect(await statusOf(server.url, "monitor.v1.MonitorService")).toBe(1);
  lose();
  expect(await statusOf(server.url, "monitor.v1.MonitorService")).toBe(2);
});

it("answers probes", async () => {
  const routes = (router: ConnectRouter): void => {
    registerHealth(router, { interceptors: [] });
    registerReflection(router, { files: [file_google_rpc_error_details] });
  };
  const server = await serve({ routes, healthPath: "/healthz" });
  onTestFinished(() => server.close({ graceMs: 0 }));
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  expect(await statusOf(server.url, "")).toBe(1);
});
