// SPDX-License-Identifier: Apache-2.0
// docs/load-balancing.md: its code, and what it says of servers behind a TCP balancer.
import { connect, createServer } from "node:net";
import { Code, type ConnectRouter } from "@connectrpc/connect";
import { createStreamTransport, type RunningServer, serve } from "connect-stream/node";
import { expect, it, onTestFinished } from "vitest";
import {
  createMonitorServiceClient,
  type MonitorServiceHandler,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";
import { failure, until } from "../../support/gate.js";

/** Sends one sample, and then nothing until it is told to end. */
function quiet(cpu = 1): Partial<MonitorServiceHandler> {
  return {
    async watch(_request, stream) {
      await stream.send({ cpu, memory: 0 });
      await new Promise((resolve) => stream.context.signal.addEventListener("abort", resolve));
    },
  };
}

function clientOf(baseUrl: string) {
  const transport = createStreamTransport({ baseUrl, protocol: "grpc" });
  onTestFinished(() => transport.close({ graceMs: 0 }));
  return createMonitorServiceClient(transport);
}

async function expectSample(server: RunningServer) {
  onTestFinished(() => server.close({ graceMs: 0 }));
  const stream = clientOf(server.url).watch({ interval: 1 });
  expect(await stream.recv()).toMatchObject({ cpu: 1 });
  stream.close();
}

it("ages connections", async () => {
  const routes = (router: ConnectRouter) => void registerMonitorService(router, quiet());
  const server = await serve({
    routes,
    maxConnectionAgeMs: 5 * 60_000,
    maxConnectionAgeGraceMs: 60 * 60_000,
  });
  await expectSample(server);
});

it("ages connections and streams", async () => {
  const monitor = quiet();
  const server = await serve({
    routes(router) {
      registerMonitorService(router, monitor, { timeouts: { maxAgeMs: 30 * 60_000 } });
    },
    maxConnectionAgeMs: 5 * 60_000,
  });
  await expectSample(server);
});

it("balances in the client", async () => {
  const transport = createStreamTransport({
    baseUrl: "http://monitor-pods:8080",
    protocol: "grpc",
    loadBalancing: "round-robin",
    maxConnections: 20,
  });
  expect(transport.state).toBe("idle");
  await transport.close();
});

/** Two servers whose streams last 20 ms, behind a balancer that takes them in turn. */
async function balanced(options: { maxConnectionAgeMs?: number }) {
  const servers = await Promise.all(
    [1, 2].map((cpu) =>
      serve({
        routes(router) {
          registerMonitorService(router, quiet(cpu), { timeouts: { maxAgeMs: 20 } });
        },
        ...options,
      }),
    ),
  );
  let next = 0;
  const balancer = createServer((socket) => {
    const upstream = connect(servers[next++ % 2]?.port ?? 0);
    socket.on("error", () => upstream.destroy()).on("close", () => upstream.destroy());
    upstream.on("error", () => socket.destroy()).on("close", () => socket.destroy());
    socket.pipe(upstream).pipe(socket);
  });
  onTestFinished(async () => {
    balancer.close();
    await Promise.all(servers.map((server) => server.close({ graceMs: 0 })));
  });
  await new Promise<void>((resolve) => balancer.listen(0, "127.0.0.1", resolve));
  const address = balancer.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const client = clientOf(`http://127.0.0.1:${address.port}`);
  return async () => {
    const stream = client.watch({ interval: 1 });
    const sample = await stream.recv();
    expect((await failure(stream.recv())).code).toBe(Code.Unavailable);
    return sample?.cpu;
  };
}

it("streams that age stay with their server behind a TCP balancer", async () => {
  const watch = await balanced({});
  for (let i = 0; i < 12; i++) expect(await watch()).toBe(1);
});

it("streams that age on connections that age move to another server", async () => {
  const watch = await balanced({ maxConnectionAgeMs: 20 });
  const seen = new Set<number | undefined>();
  let over = false;
  const watching = (async () => {
    while (!over) seen.add(await watch());
  })();
  await until(() => seen.size === 2);
  over = true;
  await watching;
});
