// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ClientOrder, Memory, RunResult, ServerOrder } from "./messages.js";
import type { PeerName } from "./peers/peer.js";

interface Answer {
  readonly answer?: unknown;
  readonly error?: string;
}

/** No order takes longer, however slow the machine is. */
const ORDER_TIMEOUT_MS = 120_000;

/** One process of an implementation, which does one thing after the other. */
class Child<Order extends object> {
  readonly #process: ChildProcess;

  constructor(script: "server" | "client", peer: PeerName, flags: readonly string[]) {
    // Compiled, so that they run as they would for a user.
    const file = fileURLToPath(new URL(`./dist/${script}.js`, import.meta.url));
    this.#process = fork(file, [peer], { execArgv: ["--expose-gc", ...flags] });
  }

  /** The answer to the last order, or to none: that the process is ready. */
  answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void) => {
        clearTimeout(timer);
        this.#process.off("message", onMessage);
        this.#process.off("exit", onExit);
        settle();
      };
      const onMessage = ({ answer, error }: Answer) =>
        done(() => (error === undefined ? resolve(answer) : reject(new Error(error))));
      const onExit = () => done(() => reject(new Error("a process of the bench ended")));
      const timer = setTimeout(
        () => done(() => reject(new Error("a process of the bench does not answer"))),
        ORDER_TIMEOUT_MS,
      );
      this.#process.on("message", onMessage);
      this.#process.on("exit", onExit);
    });
  }

  ask(order: Order): Promise<unknown> {
    this.#process.send(order);
    return this.answer();
  }

  stop(): void {
    // The process exits by itself, so that it can write a profile.
    if (this.#process.connected) this.#process.disconnect();
  }
}

/** A server's process. */
export class ServerProcess {
  readonly #child: Child<ServerOrder>;
  readonly port: number;

  private constructor(child: Child<ServerOrder>, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(peer: PeerName, flags: readonly string[]): Promise<ServerProcess> {
    const child = new Child<ServerOrder>("server", peer, flags);
    return new ServerProcess(child, (await child.answer()) as number);
  }

  async cpuMicros(): Promise<number> {
    return (await this.#child.ask({ do: "cpu" })) as number;
  }

  /** Messages that flow control has accepted. */
  async accepted(): Promise<number> {
    return (await this.#child.ask({ do: "accepted" })) as number;
  }

  async memory(): Promise<Memory> {
    return (await this.#child.ask({ do: "memory" })) as Memory;
  }

  stop(): void {
    this.#child.stop();
  }
}

/** A client's process. */
export class ClientProcess {
  readonly #child: Child<ClientOrder>;

  private constructor(child: Child<ClientOrder>) {
    this.#child = child;
  }

  static async start(peer: PeerName, flags: readonly string[]): Promise<ClientProcess> {
    const child = new Child<ClientOrder>("client", peer, flags);
    await child.answer();
    return new ClientProcess(child);
  }

  async run(order: Omit<Extract<ClientOrder, { do: "run" }>, "do">): Promise<RunResult> {
    return (await this.#child.ask({ do: "run", ...order })) as RunResult;
  }

  async idle(order: Omit<Extract<ClientOrder, { do: "idle" }>, "do">): Promise<void> {
    await this.#child.ask({ do: "idle", ...order });
  }

  async stall(order: Omit<Extract<ClientOrder, { do: "stall" }>, "do">): Promise<void> {
    await this.#child.ask({ do: "stall", ...order });
  }

  async memory(): Promise<Memory> {
    return (await this.#child.ask({ do: "memory" })) as Memory;
  }

  stop(): void {
    this.#child.stop();
  }
}
