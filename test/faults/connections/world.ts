// SPDX-License-Identifier: Apache-2.0
import { default as net } from "node:net";
import { createStreamTransport, type StreamTransport } from "connect-stream/node";
import { vi } from "vitest";
import { turn } from "../../support/gate.js";
import {
  createLabServiceClient,
  type LabServiceClient,
} from "../../support/gen/lab/v1/lab_stream.js";
import { Call, type CallTraits } from "./call.js";
import { ForeignConnection, type Mode } from "./foreign-server.js";
import { Network } from "./network.js";
import { type OurServer, patch, serveInMemory } from "./our-server.js";

/** How client, servers and network are set up. */
export interface Setup {
  readonly roundRobin: boolean;
  /** Which addresses have a server of ours; the others have a foreign one. */
  readonly ours: readonly boolean[];
  readonly maxConcurrentStreams: number;
  readonly maxConnections: number;
  readonly pingIntervalMs: number;
  readonly clientIdleMs: number;
  readonly serverIdleMs: number;
  readonly maxAgeMs: number | undefined;
  readonly pieceBytes: number;
}

/** Virtual time moves in steps, and what is on its way arrives after each. */
const STEP_MS = 500;
/** How long calls may go on when their connection is too old, or its server drains. */
export const AGE_GRACE_MS: number = 3000;
export const DRAIN_GRACE_MS: number = 5000;

/** A client with its connections, and the servers at the addresses of a name; all in memory. */
export class World {
  readonly setup: Setup;
  readonly network: Network;
  readonly calls: Call[] = [];
  readonly foreign: ForeignConnection[] = [];
  readonly modes: Mode[];
  /** When servers began to drain. */
  readonly drains: number[] = [];
  /** What servers of ours complained of. */
  readonly problems: string[] = [];
  /** The most connections that a client had at one time. */
  mostConnections = 0;
  /** Connections that were closed when all calls had ended. */
  closedBeforeEnd = 0;
  readonly transport: StreamTransport;
  readonly #client: LabServiceClient;
  readonly #connect: typeof net.connect;
  readonly #ours: (OurServer | undefined)[] = [];
  readonly #closing: Promise<void>[] = [];

  constructor(setup: Setup) {
    this.setup = setup;
    this.network = new Network(setup.pieceBytes);
    this.network.addresses = setup.ours.map((_, i) => addressOf(i));
    this.modes = setup.ours.map(() => "run");
    this.#connect = net.connect;
    patch({
      connect: ({ lookup, host }: net.TcpNetConnectOpts) =>
        this.network.connect(lookup ?? this.network.lookup, host ?? ""),
    });
    this.transport = createStreamTransport({
      baseUrl: "http://name.test:1",
      protocol: "grpc",
      maxConnections: setup.maxConnections,
      loadBalancing: setup.roundRobin ? "round-robin" : "pick-first",
      pingIntervalMs: setup.pingIntervalMs,
      pingTimeoutMs: 3000,
      idleConnectionTimeoutMs: setup.clientIdleMs,
      connectTimeoutMs: 4000,
      nodeOptions: { lookup: this.network.lookup },
    });
    this.#client = createLabServiceClient(this.transport);
  }

  /** Puts servers at all addresses. */
  async start(): Promise<void> {
    for (let i = 0; i < this.setup.ours.length; i++) await this.up(i);
  }

  call(traits: CallTraits): void {
    const call = new Call(this.calls.length, traits, this.network.faults);
    this.calls.push(call);
    call.begin(this.#client, () => this.network.faults);
  }

  /** A server takes connections at an address, a new one if the last has drained. */
  async up(index: number): Promise<void> {
    if (!this.setup.ours[index]) return this.network.listen(addressOf(index), this.#foreign(index));
    this.#ours[index] ??= await serveInMemory((id) => this.#find(id), {
      maxConcurrentStreams: this.setup.maxConcurrentStreams,
      idleTimeoutMs: this.setup.serverIdleMs,
      keepAlive: { intervalMs: 4000, timeoutMs: 3000 },
      ...(this.setup.maxAgeMs !== undefined && {
        maxConnectionAgeMs: this.setup.maxAgeMs,
        maxConnectionAgeGraceMs: AGE_GRACE_MS,
      }),
      onConnectionError: ({ message, scope }) => {
        this.problems.push(message);
        if (scope === "connection") this.network.faults++;
      },
    });
    const { accept } = this.#ours[index] ?? {};
    if (accept) this.network.listen(addressOf(index), accept);
  }

  /** Nothing takes new connections there. */
  down(index: number, how: "refuses" | "hangs"): void {
    this.network.listen(addressOf(index), how);
  }

  /** A server of ours drains. */
  drain(index: number): void {
    const ours = this.#ours[index];
    if (!ours) return;
    this.down(index, "refuses");
    this.#ours[index] = undefined;
    this.drains.push(performance.now());
    this.#closing.push(ours.drain(DRAIN_GRACE_MS));
  }

  /** What is on its way arrives, and what waits for nothing else happens. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 4; quiet++) {
      if (this.network.pump()) quiet = 0;
      await turn();
    }
    this.mostConnections = Math.max(this.mostConnections, this.network.open.length);
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      vi.advanceTimersByTime(STEP_MS);
      await this.settle();
    }
  }

  /** All handlers answer that don't leave by themselves, until each call has ended; as long as a client may have to wait. */
  async quiesce(): Promise<void> {
    for (let passed = 0; passed < 60_000; passed += STEP_MS) {
      for (const call of this.calls) if (!call.isLeaving) call.answer("return");
      for (const connection of this.foreign) connection.runHeld();
      this.modes.fill("run");
      await this.pass(STEP_MS);
      if (this.calls.every(({ settled, isRunning }) => settled && !isRunning)) return;
    }
  }

  /** Closes everything, in the time that it takes. */
  async close(): Promise<void> {
    this.closedBeforeEnd = this.network.links.length - this.network.open.length;
    const closed = this.transport.close({ graceMs: 1000 });
    this.setup.ours.forEach((_, i) => void this.drain(i));
    await this.pass(30_000);
    await Promise.all([closed, ...this.#closing]);
    // Those have no keepalive, and need not notice that a network is silent.
    for (const { socket } of this.foreign) socket.destroy();
  }

  /** Gives `net.connect` back. */
  restore(): void {
    patch({ connect: this.#connect });
  }

  #find(id: string): Call | undefined {
    return this.calls.find((call) => call.id === id);
  }

  #foreign(index: number) {
    return (socket: ConstructorParameters<typeof ForeignConnection>[0]) => {
      const mode = () => this.modes[index] ?? "run";
      const max = this.setup.maxConcurrentStreams;
      this.foreign.push(new ForeignConnection(socket, max, (id) => this.#find(id), mode));
    };
  }
}

/** The address of a server. */
export function addressOf(index: number): string {
  return `10.0.0.${index + 1}`;
}
