// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { createHealth, type HealthServiceOptions, registerHealth } from "connect-stream/health";
import { serve } from "connect-stream/node";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from "../../runtime/src/gen/grpc/health/v1/health_pb.js";
import { ourTransport } from "../support/clients/transports.js";
import { failure } from "../support/gate.js";
import { LabService, NamesService } from "../support/gen/lab/v1/lab_pb.js";
import { registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { grpcOn2, wires } from "../support/wires.js";

async function start(options?: HealthServiceOptions, interceptors: Interceptor[] = []) {
  const server = await serve({
    interceptors,
    routes(router) {
      registerHealth(router, options);
      registerLabService(router, {});
    },
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  return server;
}

const lab = "lab.v1.LabService";

describe.each(wires)("$name", (wire) => {
  it("tells of every service on the router", async () => {
    const { url } = await start();
    const client = createClient(Health, ourTransport(url, wire));
    for (const service of ["", lab, "grpc.health.v1.Health"]) {
      expect((await client.check({ service })).status).toBe(Status.SERVING);
    }
    expect(await failure(client.check({ service: "lab.v1.Other" }))).toMatchObject({
      code: Code.NotFound,
      rawMessage: 'the server has no service "lab.v1.Other"',
    });
    const { statuses } = await client.list({});
    const told = Object.entries(statuses).map(([name, { status }]) => [name, status]);
    expect(told).toEqual([
      ["", Status.SERVING],
      ["grpc.health.v1.Health", Status.SERVING],
      [lab, Status.SERVING],
    ]);
  });

  it("watches, until the server drains", async () => {
    const health = createHealth();
    const server = await start({ health });
    const client = createClient(Health, ourTransport(server.url, wire));
    const watch = async (service: string) => {
      const messages = client.watch({ service })[Symbol.asyncIterator]();
      return async () => (await messages.next()).value?.status;
    };
    const [one, other] = [await watch(lab), await watch("lab.v1.Later")];
    expect(await one()).toBe(Status.SERVING);
    expect(await other()).toBe(Status.SERVICE_UNKNOWN);
    health.setStatus(LabService, "NOT_SERVING");
    health.setStatus("lab.v1.Later", "SERVING");
    expect(await one()).toBe(Status.NOT_SERVING);
    expect(await other()).toBe(Status.SERVING);
    health.setStatus(LabService, "SERVING");
    expect(await one()).toBe(Status.SERVING);
    const closed = server.close({ graceMs: 3_600_000 });
    for (const next of [one, other]) {
      expect(await next()).toBe(Status.NOT_SERVING);
      expect((await failure(next())).code).toBe(Code.Unavailable);
    }
    await closed;
  });
});

it("tells what it was told", async () => {
  const health = createHealth({ "": "NOT_SERVING", [lab]: "UNKNOWN" });
  const { url } = await start({ health });
  const client = createClient(Health, ourTransport(url, grpcOn2));
  const statusOf = async (service: string) => (await client.check({ service })).status;
  expect(await statusOf("")).toBe(Status.NOT_SERVING);
  expect(await statusOf(lab)).toBe(Status.UNKNOWN);
  health.setStatus(NamesService, "NOT_SERVING");
  expect(await statusOf("lab.v1.NamesService")).toBe(Status.NOT_SERVING);
});

it("a watch that is left is forgotten", async () => {
  const health = createHealth();
  const server = await start({ health });
  const client = createClient(Health, ourTransport(server.url, grpcOn2));
  const leave = new AbortController();
  const watch = client.watch({}, { signal: leave.signal })[Symbol.asyncIterator]();
  expect((await watch.next()).value?.status).toBe(Status.SERVING);
  leave.abort();
  expect((await failure(watch.next())).code).toBe(Code.Canceled);
  while (server.openCalls.size > 0) await new Promise(setImmediate);
  health.setStatus("", "NOT_SERVING");
  expect((await client.check({})).status).toBe(Status.NOT_SERVING);
});

it("is kept from the interceptors of its server, if it is told so", async () => {
  const deny: Interceptor = () => async () => {
    throw new ConnectError("who are you?", Code.Unauthenticated);
  };
  const checkOf = async (options: HealthServiceOptions) =>
    createClient(Health, ourTransport((await start(options, [deny])).url, grpcOn2)).check({});
  expect((await failure(checkOf({}))).code).toBe(Code.Unauthenticated);
  expect((await checkOf({ interceptors: [] })).status).toBe(Status.SERVING);
});

it("works on Connect's own adapters", async () => {
  await using server = await startLab({}, { listener: connectNodeAdapter, routes: registerHealth });
  const client = createClient(Health, ourTransport(server.url, grpcOn2));
  expect((await client.check({ service: lab })).status).toBe(Status.SERVING);
  for await (const { status } of client.watch({ service: lab })) {
    expect(status).toBe(Status.SERVING);
    break;
  }
});

it("refuses what is no status", () => {
  const health = createHealth();
  expect(() => health.setStatus("a", "serving" as "SERVING")).toThrow(
    'status of "a" must be one of SERVING, NOT_SERVING, UNKNOWN, not "serving"',
  );
  expect(() => health.setStatus(undefined as unknown as "", "SERVING")).toThrow(RangeError);
  expect(() => createHealth({ a: "UP" as "SERVING" })).toThrow(RangeError);
  const routes = { health: {} } as HealthServiceOptions;
  return expect(start(routes)).rejects.toThrow("health must be what createHealth gives");
});
