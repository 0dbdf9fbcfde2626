// SPDX-License-Identifier: Apache-2.0
import type { Case, Contestant } from "./cases.js";
import type { BenchOptions } from "./options.js";
import type { PeerName } from "./peers/peer.js";
import { ClientProcess, ServerProcess } from "./processes.js";

/** How long to run a contestant before it is measured, so that its code is compiled. */
const WARM_UP_MS = 600;
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
    const end = performance.now() + WARM_UP_MS;
    let count = Math.max(FIRST_COUNT, kase.streams);
    for (;;) {
      const { rate } = await this.#measure(kase, contestant, count);
      const long = count / rate > WARM_UP_MS / 4000;
      if (long && performance.now() > end) return rate;
      if (!long) count *= 2;
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
