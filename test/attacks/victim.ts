// SPDX-License-Identifier: Apache-2.0
import { type ConnectionProblem, createStreamTransport } from "connect-stream/node";
import { expect } from "vitest";
import { type Child, startChild } from "../load/commands.js";
import { createLabServiceClient, type LabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import { Attacker, type AttackerOptions } from "./attacker.js";
import type { ServerOptions, ServerStats } from "./server.js";

const MIB = 1024 * 1024;

/** What may be left of an attack: noise of the heap, and nothing that grows. */
const LEFT_BYTES: number = 24 * MIB;

/** What a process may need more at its worst than it ever did before. */
const PEAK_BYTES: number = 200 * MIB;

/** CPU of the server in one attack. All take far less, and none may take a core for good. */
const CPU_MS = 20_000;

/** A server under attack, and a lawful client of it. */
export class Victim implements AsyncDisposable {
  readonly port: number;
  readonly #child: Child;
  readonly #client: LabServiceClient;
  readonly #closeClient: () => Promise<void>;
  readonly #attackers: Attacker[] = [];

  private constructor(
    child: Child,
    readonly url: string,
  ) {
    this.port = Number(new URL(url).port);
    this.#child = child;
    const transport = createStreamTransport({
      baseUrl: url,
      protocol: "grpc",
      nodeOptions: { rejectUnauthorized: false },
    });
    this.#client = createLabServiceClient(transport);
    this.#closeClient = () => transport.close({ graceMs: 0 });
  }

  static async start(options: ServerOptions = {}): Promise<Victim> {
    const child = startChild("../attacks/server.ts");
    const victim = new Victim(child, await child.ask<string>("listen", options));
    // Code is loaded and compiled by the first calls, which is no attack's doing.
    for (let i = 0; i < 200; i++) await victim.lawful();
    return victim;
  }

  /** A connection of the attacker's. */
  attacker(options?: AttackerOptions): Attacker {
    const attacker = new Attacker(this.port, options);
    this.#attackers.push(attacker);
    return attacker;
  }

  /** A call of a client that does no harm. */
  async lawful(): Promise<void> {
    expect((await this.#client.unary({ text: "lawful" })).text).toBe("lawful");
  }

  /**
   * Serves a lawful client while `attack` goes on, and after it; then the attacker leaves, and nothing of
   * the attack may be left.
   */
  async survive<T>(attack: () => Promise<T>): Promise<T> {
    const before = await this.stats();
    let over = false;
    const attacked = attack().finally(() => {
      over = true;
    });
    try {
      do await this.lawful();
      while (!over);
      return await attacked;
    } finally {
      for (const attacker of this.#attackers.splice(0)) attacker.leave();
      await this.#recover(before);
    }
  }

  async #recover(before: ServerStats): Promise<void> {
    await this.#child.ask("release");
    while ((await this.running()) > 0) await this.lawful();
    await this.lawful();
    const after = await this.stats();
    expect(after.heapBytes - before.heapBytes).toBeLessThan(LEFT_BYTES);
    expect(after.peakBytes - before.peakBytes).toBeLessThan(PEAK_BYTES);
    expect(after.cpuMs - before.cpuMs).toBeLessThan(CPU_MS);
  }

  stats(): Promise<ServerStats> {
    return this.#child.ask("stats");
  }

  running(): Promise<number> {
    return this.#child.ask("running");
  }

  /** What the server says of its clients, since the last time. */
  problems(): Promise<ConnectionProblem[]> {
    return this.#child.ask("problems");
  }

  /** Closes the server as one that has no time. */
  close(): Promise<void> {
    return this.#child.ask("close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const attacker of this.#attackers) attacker.leave();
    await this.#closeClient();
    await this.#child[Symbol.asyncDispose]();
  }
}
