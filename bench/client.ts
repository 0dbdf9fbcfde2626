// SPDX-License-Identifier: Apache-2.0
import { common, cpuMicros, serveOrders } from "./child.js";
import type { Orders, RunResult, Target } from "./messages.js";
import { loadPeer } from "./peers/index.js";
import type { BenchClient, CallName, Load } from "./peers/peer.js";

/** A process with one implementation's clients. Argument: its name. */
const peer = await loadPeer(process.argv[2]);
const clients = new Map<number, BenchClient>();
const idleClients: BenchClient[] = [];

serveOrders(async (order) => {
  switch (order.do) {
    case "run":
      return run(order);
    case "idle":
      return idle(order);
    case "stall":
      return stall(order);
    default:
      return common(order);
  }
});

/** The client of a server; all runs use one connection. A setup has a server, so a port, of its own. */
function clientFor({ port, setup }: Target): BenchClient {
  const client = clients.get(port) ?? peer.connect(port, setup);
  clients.set(port, client);
  return client;
}

async function run(order: Orders["run"]): Promise<RunResult> {
  const { call, concurrency, size, text } = order;
  const client = clientFor(order);
  const load = { count: Math.ceil(order.count / concurrency), size, text };
  const cpuBefore = cpuMicros();
  const before = performance.now();
  const counts = await Promise.all(
    Array.from({ length: concurrency }, () => use(client, call, load)),
  );
  const ms = performance.now() - before;
  const lost = counts.find((count) => count !== load.count);
  if (lost !== undefined) throw new Error(`${lost} of ${load.count} messages arrived`);
  return { messages: load.count * concurrency, ms, cpuMicros: cpuMicros() - cpuBefore };
}

function use(client: BenchClient, call: CallName, load: Load): Promise<number> {
  return call === "short" ? short(client, load) : client[call](load);
}

async function short(client: BenchClient, { count, ...load }: Load): Promise<number> {
  let received = 0;
  for (let made = 0; made < count; made++) received += await client.watch({ ...load, count: 1 });
  return received;
}

async function idle(order: Orders["idle"]): Promise<void> {
  const each = Math.ceil(order.concurrency / order.connections);
  for (let made = 0; made < order.connections; made++) {
    const client = peer.connect(order.port, order.setup);
    idleClients.push(client);
    await Promise.all(Array.from({ length: each }, () => client.idle()));
  }
}

async function stall(order: Orders["stall"]): Promise<void> {
  const client = clientFor(order);
  await Promise.all(Array.from({ length: order.concurrency }, () => client.stall(order.size)));
}
