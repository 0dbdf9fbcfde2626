// SPDX-License-Identifier: Apache-2.0
import type { Case, Contestant } from "./cases.js";
import type { BenchOptions } from "./options.js";
import type { PeerName } from "./peers/peer.js";
import { ClientProcess, ServerProcess } from "./processes.js";

/**
 * How much to run a contestant before it is measured: by messages, because code is compiled after
 * many runs, not after long ones, and on a busy machine a slow contestant would stay slow.
 */
const WARM_UP_MESSAGES = 20_000;
const WARM_UP_BYTES = 64 * 1024 * 1024;
/** At least so long, and no longer. */
const WARM_UP_MS = 600;
const MAX_WARM_UP_MS = 6000;
/** A run this long tells the rate well enough to say how many messages to measure. */
const TELLING_MS = 100;
const FIRST_COUNT = 200;

/** One measurement. */
export interface Measure {
  /** Messages a second; echoes count once. */
  readonly rate: number;
  /** CPU time a message, in microseconds. */
  readonly serverMicros: number;
  readonly clientMicros: number;
}

/** All measurements of one contestant, in the order of the rounds. */
export interface Result {
  readonly contestant: Contestant;
  readonly measures: Measure[];
}

/** Runs cases on one process for each server and each client, which all cases share. */
export class Arena {
  readonly #servers = new Map<PeerName, ServerProcess>();
  readonly #clients = new Map<PeerName, ClientProcess>();
  readonly #options: BenchOptions;

  constructor(options: BenchOptions) {
    this.#options = options;
  }

  /** Measures all contestants in turns, so that what else the machine does hits all of them. */
  async run(kase: Case, contestants: readonly Contestant[]): Promise<Result[]> {
    const { rounds, ms } = this.#options;
    const entries = [];
    for (const contestant of contestants) {
      const rate = await this.#warmUp(kase, contestant);
      const count = Math.max(kase.streams, Math.round((rate * ms) / 1000));
      entries.push({ contestant, count, measures: [] as Measure[] });
    }
    for (let round = 0; round < rounds; round++) {
      // Not always the same one after the same other.
      for (const entry of rotate(entries, round)) {
        entry.measures.push(await this.#measure(kase, entry.contestant, entry.count));
      }
    }
    return entries;
  }

  stop(): void {
    for (const child of [...this.#servers.values(), ...this.#clients.values()]) child.stop();
  }

  /** Runs more and more messages until the code is compiled; resolves to the rate at the end. */
  async #warmUp(kase: Case, contestant: Contestant): Promise<number> {
    const start = performance.now();
    const enough = Math.min(WARM_UP_MESSAGES, WARM_UP_BYTES / kase.size);
    let count = Math.max(FIRST_COUNT, kase.streams);
    for (let run = 0; ; run += count) {
      const { rate } = await this.#measure(kase, contestant, count);
      const passed = performance.now() - start;
      const short = (count / rate) * 1000 < TELLING_MS;
      if (short) count *= 2;
      else if (passed > MAX_WARM_UP_MS || (passed > WARM_UP_MS && run >= enough)) return rate;
    }
  }

  async #measure(kase: Case, contestant: Contestant, count: number): Promise<Measure> {
    const server = await this.#server(contestant.server);
    const client = await this.#client(contestant.client);
    const { call, size, streams, protocol } = kase;
    const before = await server.cpuMicros();
    const result = await client.run({ port: server.port, protocol, call, count, size, streams });
    const after = await server.cpuMicros();
    return {
      rate: (result.messages / result.ms) * 1000,
      serverMicros: (after - before) / result.messages,
      clientMicros: result.cpuMicros / result.messages,
    };
  }

  async #server(peer: PeerName): Promise<ServerProcess> {
    const { nodeFlags } = this.#options;
    const server = this.#servers.get(peer) ?? (await ServerProcess.start(peer, nodeFlags));
    this.#servers.set(peer, server);
    return server;
  }

  async #client(peer: PeerName): Promise<ClientProcess> {
    const { nodeFlags } = this.#options;
    const client = this.#clients.get(peer) ?? (await ClientProcess.start(peer, nodeFlags));
    this.#clients.set(peer, client);
    return client;
  }
}

function rotate<T>(items: readonly T[], by: number): T[] {
  const at = by % Math.max(items.length, 1);
  return [...items.slice(at), ...items.slice(0, at)];
}
