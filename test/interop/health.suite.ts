// SPDX-License-Identifier: Apache-2.0
// Our health service, as foreign health clients use it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import {
  type ClientReadableStream,
  credentials,
  makeGenericClientConstructor,
  type ServiceError,
} from "@grpc/grpc-js";
import { createHealth, registerHealth } from "connect-stream/health";
import { serve } from "connect-stream/node";
import { service as healthService } from "grpc-health-check";
import { expect, it, onTestFinished } from "vitest";
import { registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { buf, itWithGo, run } from "./programs.js";

const lab = "lab.v1.LabService";

async function start() {
  const health = createHealth();
  const server = await serve({
    routes(router) {
      registerHealth(router, { health });
      registerLabService(router, {});
    },
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  return { health, server, address: new URL(server.url).host };
}

interface HealthClient {
  check(request: object, done: (error: ServiceError | null, response: unknown) => void): void;
  list(request: object, done: (error: ServiceError | null, response: unknown) => void): void;
  watch(request: object): ClientReadableStream<{ status: string }>;
}

it("grpc-js, with grpc-health-check", async () => {
  const { health, server, address } = await start();
  const Client = makeGenericClientConstructor(healthService, "Health");
  const base = new Client(address, credentials.createInsecure());
  onTestFinished(() => base.close());
  const client = base as unknown as HealthClient;
  const ask = (method: "check" | "list", request: object) =>
    new Promise((resolve) => {
      client[method](request, (error, response) => resolve(error?.code ?? response));
    });
  expect(await ask("check", { service: "" })).toEqual({ status: "SERVING" });
  expect(await ask("check", { service: lab })).toEqual({ status: "SERVING" });
  expect(await ask("check", { service: "no.such.Service" })).toBe(5);
  expect(await ask("list", {})).toMatchObject({ statuses: { [lab]: { status: "SERVING" } } });

  const watch = client.watch({ service: lab });
  const next = async () => (await once(watch, "data"))[0].status;
  expect(await next()).toBe("SERVING");
  const changed = next();
  health.setStatus(lab, "NOT_SERVING");
  expect(await changed).toBe("NOT_SERVING");
  const again = next();
  health.setStatus(lab, "SERVING");
  expect(await again).toBe("SERVING");
  const last = next();
  const failed = once(watch, "error");
  const closed = server.close({ graceMs: 3_600_000 });
  expect(await last).toBe("NOT_SERVING");
  expect((await failed)[0]).toMatchObject({ code: 14 });
  await closed;
});

itWithGo("health", "grpc-go: a balancer uses a connection while it is healthy", async (program) => {
  const { health, server, address } = await start();
  const client = spawn(program, [address, lab], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void client.stdin.end());
  const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => (await lines.next()).value;
  const until = async (line: string) => {
    while ((await next()) !== line);
  };
  expect(await next()).toBe("check SERVING");
  expect(await next()).toContain("code = NotFound");
  expect(await next()).toBe(`list [ grpc.health.v1.Health ${lab}]`);
  await until("state READY");
  health.setStatus(lab, "NOT_SERVING");
  await until("state TRANSIENT_FAILURE");
  health.setStatus(lab, "SERVING");
  await until("state READY");
  const closed = server.close({ graceMs: 3_600_000 });
  while ((await next()) === "state READY");
  await closed;
});

it("buf curl", async () => {
  const { server } = await start();
  const args = ["curl", "--protocol", "grpc", "--http2-prior-knowledge", "--schema"];
  const url = `${server.url}/grpc.health.v1.Health/Check`;
  const printed = await run(buf, [...args, "third_party/grpc", url]);
  expect(JSON.parse(printed)).toEqual({ status: "SERVING" });
});
