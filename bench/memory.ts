// SPDX-License-Identifier: Apache-2.0
import type { MemoryCase } from "./cases.js";
import type { Memory, Orders } from "./messages.js";
import type { BenchOptions } from "./options.js";
import type { PeerName, Setup } from "./peers/peer.js";
import { PeerProcess } from "./processes.js";
import type { MemoryResult } from "./results.js";

const setup: Setup = { protocol: "grpc", compression: "default", auth: false };

type OnFailure = (peer: PeerName, error: unknown) => void;
type Measure = (options: BenchOptions, onFailure: OnFailure) => Promise<MemoryResult>;

/** What each of them measures. Peers that fail have no row. */
export const measureMemory: Record<MemoryCase, Measure> = {
  idle,
  "stopped-reader": stoppedReader,
};

/** Who is compared; the limit is none of them, because it holds what a bare loop holds. */
function compared({ contestants }: BenchOptions): PeerName[] {
  return contestants
    .filter(({ server, client }) => server === client && server !== "raw")
    .map(({ server }) => server);
}

/** One after the other. */
async function rowsOf(
  options: BenchOptions,
  onFailure: OnFailure,
  rowOf: (peer: PeerName) => Promise<Row>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const peer of compared(options)) {
    try {
      rows.push(await rowOf(peer));
    } catch (error) {
      onFailure(peer, error);
    }
  }
  return rows;
}

/** Both sides of a peer, with one server, for as long as `use` takes. */
async function withPair<T>(peer: PeerName, use: (pair: Pair) => Promise<T>): Promise<T> {
  const server = await PeerProcess.start("server", peer, []);
  const client = await PeerProcess.start("client", peer, []);
  try {
    return await use({ server, client, port: await server.ask("serve", { setup }) });
  } finally {
    client.stop();
    server.stop();
  }
}

type Row = MemoryResult["rows"][number];

interface Pair {
  readonly server: PeerProcess;
  readonly client: PeerProcess;
  readonly port: number;
}

/** By how many bytes `action` makes the processes grow, for each of `streams`. */
async function growth(
  { server, client }: Pair,
  streams: number,
  action: () => Promise<unknown>,
): Promise<{ server: Memory; client: Memory }> {
  const before = [await server.ask("memory", {}), await client.ask("memory", {})] as const;
  await action();
  const after = [await server.ask("memory", {}), await client.ask("memory", {})] as const;
  const each = (a: Memory, b: Memory) => ({
    heap: (b.heap - a.heap) / streams,
    resident: (b.resident - a.resident) / streams,
  });
  return { server: each(before[0], after[0]), client: each(before[1], after[1]) };
}

/** What open streams cost that nothing happens on; both sides, heap and whole process. */
async function idle(options: BenchOptions, onFailure: OnFailure): Promise<MemoryResult> {
  const streams = options.quick ? 2_000 : 10_000;
  const connections = options.quick ? 20 : 100;
  const rows = await rowsOf(options, onFailure, (peer) => idleRow(peer, streams, connections));
  const columns = ["server heap", "client heap", "server resident", "client resident"];
  const count = streams.toLocaleString("en");
  return {
    title: `${count} idle bidirectional streams on ${connections} connections, KiB a stream`,
    columns,
    rows,
  };
}

function idleRow(peer: PeerName, streams: number, connections: number): Promise<Row> {
  return withPair(peer, async (pair) => {
    const target = { port: pair.port, setup };
    // Code that is loaded at the first call is none of the streams' costs.
    await pair.client.ask("run", { ...target, ...warmUp, concurrency: 20 });
    const { server, client } = await growth(pair, streams, () =>
      pair.client.ask("idle", { ...target, concurrency: streams, connections }),
    );
    const held = [server.heap, client.heap, server.resident, client.resident];
    return { label: peer, values: held.map(kib) };
  });
}

const warmUp = { call: "exchange", count: 2000, size: 60, text: false } satisfies Partial<
  Orders["run"]
>;

/** How long to wait for a producer to fill what there is to fill. */
const SETTLE_MS = 1000;
const STALLED = 50;

/** What is held for a reader that has stopped. */
async function stoppedReader(options: BenchOptions, onFailure: OnFailure): Promise<MemoryResult> {
  const rows = [
    ...(await rowsOf(options, onFailure, (peer) => stoppedRow(peer, 60))),
    ...(await rowsOf(options, onFailure, (peer) => stoppedRow(peer, 64 * 1024))),
  ];
  const columns = ["accepted", "server heap", "client heap", "server resident"];
  const title = `readers that stopped after one message, ${STALLED} streams, KiB a stream`;
  return { title, columns, rows };
}

function stoppedRow(peer: PeerName, size: number): Promise<Row> {
  return withPair(peer, async (pair) => {
    const target = { port: pair.port, setup, size };
    await pair.client.ask("run", { ...warmUp, ...target, call: "watch", concurrency: 1 });
    const acceptedBefore = await pair.server.ask("accepted", {});
    const { server, client } = await growth(pair, STALLED, async () => {
      await pair.client.ask("stall", { ...target, concurrency: STALLED });
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    });
    const messages = (await pair.server.ask("accepted", {})) - acceptedBefore;
    const held = [(messages * size) / STALLED, server.heap, client.heap, server.resident];
    return { label: `${peer}, ${size} B`, values: held.map(kib) };
  });
}

function kib(bytes: number): number {
  return Math.round((bytes / 1024) * 10) / 10;
}
