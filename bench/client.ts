// SPDX-License-Identifier: Apache-2.0
import { cpuMicros, memory, serveOrders } from "./child.js";
import type { ClientOrder, RunResult, Target } from "./messages.js";
import { loadPeer } from "./peers/index.js";
import type { BenchClient, Load, PeerName } from "./peers/peer.js";

/** A process with one implementation's clients. Argument: its name. */
const peer = await loadPeer(process.argv[2] as PeerName);
const clients = new Map<string, BenchClient>();

serveOrders<ClientOrder>(async (order) => {
  switch (order.do) {
    case "run":
      return run(order);
    case "idle":
      return idle(order);
    case "stall":
      return stall(order);
    case "memory":
      return memory();
  }
});
process.send?.({ answer: 0 });

/** The client for `target`; all runs use one connection. */
function clientFor({ port, protocol }: Target): BenchClient {
  const key = `${protocol} ${port}`;
  const known = clients.get(key);
  if (known) return known;
  const client = peer.connect(port, protocol);
  clients.set(key, client);
  return client;
}

async function run(order: Extract<ClientOrder, { do: "run" }>): Promise<RunResult> {
  const client = clientFor(order);
  const load = { count: Math.ceil(order.count / order.streams), size: order.size };
  const cpuBefore = cpuMicros();
  const before = performance.now();
  const counts = await Promise.all(
    Array.from({ length: order.streams }, () =>
      order.call === "short" ? short(client, load) : client[order.call](load),
    ),
  );
  const ms = performance.now() - before;
  if (counts.some((count) => count !== load.count)) throw new Error("messages were lost");
  return { messages: load.count * order.streams, ms, cpuMicros: cpuMicros() - cpuBefore };
}

async function short(client: BenchClient, { count, size }: Load): Promise<number> {
  let received = 0;
  for (let made = 0; made < count; made++) received += await client.watch({ count: 1, size });
  return received;
}

async function idle(order: Extract<ClientOrder, { do: "idle" }>): Promise<void> {
  const each = Math.ceil(order.streams / order.connections);
  for (let made = 0; made < order.connections; made++) {
    const client = peer.connect(order.port, order.protocol);
    clients.set(`idle ${made}`, client);
    await Promise.all(Array.from({ length: each }, () => client.idle()));
  }
}

async function stall(order: Extract<ClientOrder, { do: "stall" }>): Promise<void> {
  const client = clientFor(order);
  await Promise.all(Array.from({ length: order.streams }, () => client.stall(order.size)));
}
