// SPDX-License-Identifier: Apache-2.0
import type { BenchOptions } from "./options.js";
import type { PeerName } from "./peers/peer.js";
import { ClientProcess, ServerProcess } from "./processes.js";
import { table } from "./report.js";

const CONNECTIONS = 100;

/** Who is compared; the limit is none of them, because it holds what a bare loop holds. */
function compared({ peers }: BenchOptions): PeerName[] {
  return peers.filter((peer) => peer !== "raw");
}

/** What open streams cost that nothing happens on; both sides, heap and whole process. */
export async function idleTable(options: BenchOptions): Promise<string> {
  const { quick } = options;
  const streams = quick ? 2_000 : 10_000;
  const connections = quick ? 20 : CONNECTIONS;
  const rows = [];
  for (const peer of compared(options)) rows.push(await idleRow(peer, streams, connections));
  const head = ["", "server heap", "server resident", "client heap", "client resident"];
  const count = streams.toLocaleString("en");
  return `### ${count} idle streams on ${connections} connections, gRPC, bytes a stream\n\n${table(head, rows)}\n`;
}

async function idleRow(peer: PeerName, streams: number, connections: number): Promise<string[]> {
  const server = await ServerProcess.start(peer, []);
  const client = await ClientProcess.start(peer, []);
  const target = { port: server.port, protocol: "grpc" } as const;
  // Code that is loaded at the first call is none of the streams' costs.
  await client.run({ ...target, call: "exchange", count: 2000, size: 60, streams: 20 });
  const before = [await server.memory(), await client.memory()];
  await client.idle({ ...target, streams, connections });
  const after = [await server.memory(), await client.memory()];
  client.stop();
  server.stop();
  const cells = after.flatMap((memory, side) => {
    const { heap, resident } = before[side] ?? memory;
    return [memory.heap - heap, memory.resident - resident];
  });
  return [peer, ...cells.map((bytes) => Math.round(bytes / streams).toLocaleString("en"))];
}

/** How long to wait for a producer to fill what there is to fill. */
const SETTLE_MS = 1000;

/** What is held for a reader that has stopped. */
export async function stoppedReaderTable(options: BenchOptions): Promise<string> {
  const rows = [];
  for (const size of options.quick ? [60, 64 * 1024] : [60, 1024, 64 * 1024]) {
    for (const peer of compared(options)) rows.push(await stoppedRow(peer, size));
  }
  const head = ["", "accepted KiB", "server heap KiB", "client heap KiB", "server resident KiB"];
  return `### Readers that stopped after one message, ${STALLED} streams, gRPC, a stream\n\n${table(head, rows)}\n`;
}

const STALLED = 50;

async function stoppedRow(peer: PeerName, size: number): Promise<string[]> {
  const server = await ServerProcess.start(peer, []);
  const client = await ClientProcess.start(peer, []);
  const target = { port: server.port, protocol: "grpc" } as const;
  await client.run({ ...target, call: "watch", count: 5000, size, streams: 1 });
  const before = [await server.memory(), await client.memory()];
  const acceptedBefore = await server.accepted();
  await client.stall({ ...target, streams: STALLED, size });
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const after = [await server.memory(), await client.memory()];
  const accepted = ((await server.accepted()) - acceptedBefore) * size;
  client.stop();
  server.stop();
  const grown = (side: number, what: "heap" | "resident") =>
    (after[side]?.[what] ?? 0) - (before[side]?.[what] ?? 0);
  const held = [accepted, grown(0, "heap"), grown(1, "heap"), grown(0, "resident")];
  const kib = held.map((bytes) => (bytes / STALLED / 1024).toFixed(1));
  return [`${peer}, ${size} B`, ...kib];
}
