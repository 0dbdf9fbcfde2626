// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { printedSeed } from "../fuzz/random.js";
import { type Child, type Stats, startChild } from "./commands.js";
import type { DrainResults } from "./drain-load.js";
import type { MixedResults } from "./mixed-load.js";

const long = process.env.RELIABILITY === "long";
const MINUTE_MS = 60_000;
const MIB = 1024 * 1024;

type ServerStats = Stats & { openHandlers: number; errors: number };

describe("load and soak", () => {
  it(
    "a server that drains under 500 busy streams completes them or says unavailable",
    async () => {
      await using server = startChild("server.ts");
      await using client = startChild("client.ts");
      const url = await server.ask<string>("listen", {});
      const streams = 500;
      expect(await client.ask("open drain load", { url, streams })).toBe(streams);
      const closed = server.ask<{ openHandlers: number; errors: number }>("close", 5000);
      await client.ask("finish some");
      const results = await client.ask<DrainResults>("drain results");
      console.log(`drain: ${JSON.stringify(results)}`);
      const third = Math.floor((streams + 1) / 3);
      expect(results.faults).toEqual([]);
      expect(results.finished).toEqual({ complete: third });
      expect(results.endless).toEqual({ Unavailable: streams - third });
      expect(Object.keys(results.started)).not.toContain("Unknown");
      for (const code of Object.keys(results.started)) {
        expect(["complete", "Unavailable"]).toContain(code);
      }
      expect((await closed).errors).toBe(0);
      // Nothing is left that holds the processes.
      expect(await server.end()).toBe(0);
      expect(await client.end()).toBe(0);
    },
    2 * MINUTE_MS,
  );

  const [connections, streams, idleMs] = long ? [100, 10_000, 10 * MINUTE_MS] : [20, 2000, 20_000];
  it(
    `${streams} idle streams on ${connections} connections stay up for ${idleMs / 1000} s`,
    async () => {
      await using server = startChild("server.ts");
      await using client = startChild("client.ts");
      const url = await server.ask<string>("listen", {
        keepAlive: { intervalMs: 5000, timeoutMs: 15_000 },
      });
      const before = await both(server, client);
      expect(await client.ask("open idle streams", { url, connections, streams })).toBe(streams);
      const open = await both(server, client);
      expect(open.server.openHandlers).toBe(streams);
      await delay(idleMs);
      const after = await both(server, client);
      const perStream = (now: Stats, then: Stats) =>
        `${Math.round((now.heapBytes - then.heapBytes) / streams)} B`;
      console.log(
        `idle: heap a stream ${perStream(open.server, before.server)} on the server, ` +
          `${perStream(open.client, before.client)} on the client; ` +
          `change while idle ${perStream(after.server, open.server)} and ` +
          `${perStream(after.client, open.client)}`,
      );
      expect(after.server.openHandlers).toBe(streams);
      expect(await client.ask("use idle streams")).toBe(streams);
      expect(await client.ask("close idle streams")).toBe(streams);
      await backTo(server, before.server);
      await backTo(client, before.client);
    },
    idleMs + 3 * MINUTE_MS,
  );

  const soakMs = long ? 30 * MINUTE_MS : MINUTE_MS;
  it(
    `${soakMs / MINUTE_MS} minutes of mixed calls, cancels and cuts leave nothing behind`,
    async () => {
      await using server = startChild("server.ts");
      await using client = startChild("client.ts");
      const url = await server.ask<string>("listen", {});
      const before = await both(server, client);
      const seed = printedSeed("soak", "LOAD_SEED");
      await client.ask("start mixed calls", { url, seed });
      const heaps = await sample(server, client, soakMs);
      const results = await client.ask<MixedResults>("stop mixed calls");
      console.log(`soak: ${JSON.stringify(results)}`);
      console.log(`soak: server's heap in MiB ${heaps.server.map(mib).join(" ")}`);
      console.log(`soak: client's heap in MiB ${heaps.client.map(mib).join(" ")}`);
      expect(results.faults).toEqual([]);
      expect(results.complete + results.cancelled + results.cutOff).toBe(results.calls);
      await backTo(server, before.server);
      await backTo(client, before.client);
      expectFlat(heaps.server);
      expectFlat(heaps.client);
      const { errors } = await server.ask<ServerStats>("stats");
      expect(errors).toBe(0);
    },
    soakMs + 3 * MINUTE_MS,
  );
});

async function both(server: Child, client: Child): Promise<{ server: ServerStats; client: Stats }> {
  return { server: await server.ask<ServerStats>("stats"), client: await client.ask("stats") };
}

/** How many samples of the heap to take; the first third is the warm-up. */
const SAMPLES = 30;

async function sample(server: Child, client: Child, ms: number) {
  const heaps = { server: [] as number[], client: [] as number[] };
  for (let i = 0; i < SAMPLES; i++) {
    await delay(ms / SAMPLES);
    const now = await both(server, client);
    heaps.server.push(now.server.heapBytes);
    heaps.client.push(now.client.heapBytes);
  }
  return heaps;
}

/** Compares the second third with the last: wide enough for what happens to be open. */
function expectFlat(heaps: readonly number[]): void {
  const third = Math.floor(heaps.length / 3);
  const first = median(heaps.slice(third, 2 * third));
  const last = median(heaps.slice(2 * third));
  expect(last).toBeLessThan(first * 1.2 + 4 * MIB);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}

/** Waits until descriptors and listeners are no more than at the start, and no handler runs. */
async function backTo(child: Child, before: Stats): Promise<void> {
  for (;;) {
    const now = await child.ask<Stats & { openHandlers?: number }>("stats");
    const back = now.descriptors <= before.descriptors && now.listeners <= before.listeners;
    if (back && !now.openHandlers) return;
    await delay(100);
  }
}
