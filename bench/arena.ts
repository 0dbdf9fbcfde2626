// SPDX-License-Identifier: Apache-2.0
import type { Case } from "./cases.js";
import type { Contestant } from "./contestants.js";
import type { BenchOptions } from "./options.js";
import type { PeerName, Setup } from "./peers/peer.js";
import { PeerProcess, type Side } from "./processes.js";
import { bothMicros, type Measure, type Result } from "./results.js";

/** How much to run a contestant before it is measured: code is compiled after many runs. */
const WARM_UP_MESSAGES = 20_000;
const WARM_UP_BYTES = 32 * 1024 * 1024;
/**
 * At least so much CPU time of both sides, and no more. Time that passes would say nothing of how
 * far a contestant has come on a machine that others use. A quick run takes `QUICK` of it.
 */
const WARM_UP_CPU_MS = 600;
const MAX_WARM_UP_CPU_MS = 2000;
const QUICK = 0.3;
/** The first case of new processes takes more of it, quick or not: most code is common to all. */
const FIRST = 2.5;
/** A run this long tells the rate well enough to say how many messages to measure. */
const TELLING_MS = 50;
const FIRST_COUNT = 100;

interface Entry {
  readonly result: Result;
  readonly contestant: Contestant;
  count: number;
}

/** Runs cases on one process for each server and each client, which all its cases share. */
export class Arena {
  readonly #processes = new Map<string, PeerProcess>();
  readonly #warm = new Set<string>();
  readonly #ports = new Map<string, number>();
  readonly #options: BenchOptions;

  constructor(options: BenchOptions) {
    this.#options = options;
  }

  /**
   * Measures all contestants in turns, so that what else the machine does hits all of them. Who
   * fails leaves the case, with the error in its result.
   */
  async run(kase: Case, contestants: readonly Contestant[]): Promise<Result[]> {
    const entries: Entry[] = contestants.map((contestant) => ({
      result: { label: contestant.label, measures: [] },
      contestant,
      count: 0,
    }));
    for (const entry of entries) {
      await this.#guard(entry, async () => {
        entry.count = await this.#warmUp(kase, entry.contestant);
      });
    }
    for (let round = 0; round < this.#options.rounds; round++) {
      // Not always the same one after the same other.
      for (const entry of rotate(entries, round)) {
        await this.#guard(entry, async () => {
          entry.result.measures.push(await this.#measure(kase, entry.contestant, entry.count));
        });
      }
    }
    return entries.map(({ result }) => result);
  }

  stop(): void {
    for (const child of this.#processes.values()) child.stop();
    this.#processes.clear();
    this.#ports.clear();
  }

  /** Does something for a contestant that has not failed. One that fails gets new processes. */
  async #guard({ result, contestant }: Entry, action: () => Promise<void>): Promise<void> {
    if (result.error !== undefined) return;
    try {
      await action();
    } catch (error) {
      result.error = error instanceof Error ? error.message : String(error);
      result.measures.length = 0;
      this.#warm.delete(contestant.label);
      this.#drop("server", contestant.server);
      this.#drop("client", contestant.client);
    }
  }

  /**
   * Runs more and more messages until the code is compiled; resolves to how many a measurement is
   * to have.
   */
  async #warmUp(kase: Case, contestant: Contestant): Promise<number> {
    await (await this.#process("server", contestant.server)).ask("gc", {});
    await (await this.#process("client", contestant.client)).ask("gc", {});
    const usual = this.#options.quick ? QUICK : 1;
    const share = this.#warm.has(contestant.label) ? usual : FIRST;
    this.#warm.add(contestant.label);
    const enough = Math.min(WARM_UP_MESSAGES, WARM_UP_BYTES / kase.size) * share;
    const fixed = kase.perStream && Math.ceil(kase.perStream * usual) * kase.concurrency;
    let cpuMs = 0;
    let count = fixed ?? Math.max(FIRST_COUNT, kase.concurrency);
    for (let run = count; ; run += count) {
      const measure = await this.#measure(kase, contestant, count);
      cpuMs += (bothMicros(measure) * count) / 1000;
      const isTelling = fixed !== undefined || (count / measure.rate) * 1000 >= TELLING_MS;
      const isWarm = cpuMs > WARM_UP_CPU_MS * share && run >= enough;
      if (cpuMs > MAX_WARM_UP_CPU_MS * share || (isTelling && isWarm)) {
        return fixed ?? this.#countAt(measure.rate, kase);
      }
      if (!isTelling) count *= 2;
    }
  }

  /** How many messages take the time that a measurement is to take. */
  #countAt(rate: number, { concurrency }: Case): number {
    return Math.max(concurrency, Math.round((rate * this.#options.ms) / 1000));
  }

  async #measure(kase: Case, contestant: Contestant, count: number): Promise<Measure> {
    const server = await this.#process("server", contestant.server);
    const client = await this.#process("client", contestant.client);
    const { call, size, text, concurrency, setup } = kase;
    const port = await this.#port(server, contestant.server, setup);
    const before = await server.ask("cpu", {});
    const result = await client.ask("run", { port, setup, call, count, size, text, concurrency });
    const after = await server.ask("cpu", {});
    return {
      rate: (result.messages / result.ms) * 1000,
      serverMicros: (after - before) / result.messages,
      clientMicros: result.cpuMicros / result.messages,
    };
  }

  async #process(side: Side, peer: PeerName): Promise<PeerProcess> {
    const key = `${side} ${peer}`;
    const child =
      this.#processes.get(key) ?? (await PeerProcess.start(side, peer, this.#options.nodeFlags));
    this.#processes.set(key, child);
    return child;
  }

  /** Where the peer serves such clients. */
  async #port(server: PeerProcess, peer: PeerName, setup: Setup): Promise<number> {
    const key = `${peer} ${JSON.stringify(setup)}`;
    const port = this.#ports.get(key) ?? (await server.ask("serve", { setup }));
    this.#ports.set(key, port);
    return port;
  }

  #drop(side: Side, peer: PeerName): void {
    this.#processes.get(`${side} ${peer}`)?.stop();
    this.#processes.delete(`${side} ${peer}`);
    if (side === "client") return;
    for (const key of this.#ports.keys()) {
      if (key.startsWith(`${peer} `)) this.#ports.delete(key);
    }
  }
}

function rotate<T>(items: readonly T[], by: number): T[] {
  const at = by % Math.max(items.length, 1);
  return [...items.slice(at), ...items.slice(0, at)];
}
