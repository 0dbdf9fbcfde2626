// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { goProgram } from "./go.js";
import type { Answers, Orders, Reply } from "./messages.js";
import { isGo, type PeerName } from "./peers/peer.js";

export type Side = "server" | "client";

/** No order takes longer, however slow the machine is. */
const ORDER_TIMEOUT_MS = 60_000;

/** A process with one implementation's servers or clients, which does one thing after the other. */
export class PeerProcess {
  readonly #name: string;
  readonly #process: ChildProcess;
  #waiting: ((reply: Reply) => void) | undefined;
  #ended = false;

  private constructor(side: Side, peer: PeerName, nodeFlags: readonly string[]) {
    this.#name = `${peer}'s ${side}`;
    this.#process = spawnPeer(side, peer, nodeFlags);
    this.#process.on("error", (error) => this.#end(error.message));
    this.#process.on("exit", (code, signal) => this.#end(`it exited (${signal ?? code})`));
    // A process that is gone says so itself, by its exit.
    this.#process.stdin?.on("error", () => undefined);
    if (this.#process.stdout === null) throw new Error(`${this.#name} has no output`);
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      this.#waiting?.(JSON.parse(line));
    });
  }

  /** Resolves when the process is ready. */
  static async start(
    side: Side,
    peer: PeerName,
    nodeFlags: readonly string[],
  ): Promise<PeerProcess> {
    const started = new PeerProcess(side, peer, nodeFlags);
    await started.#reply();
    return started;
  }

  /** Rejects if the process fails, ends, or takes too long. */
  async ask<Name extends keyof Orders>(name: Name, order: Orders[Name]): Promise<Answers[Name]> {
    const reply = this.#reply();
    this.#process.stdin?.write(`${JSON.stringify({ do: name, ...order })}\n`);
    // The one place where the program's word is taken for it.
    return (await reply) as Answers[Name];
  }

  /** Ends the process: it exits at the end of its input, or is killed if it does not answer. */
  stop(): void {
    if (this.#waiting) this.#process.kill("SIGKILL");
    else this.#process.stdin?.end();
  }

  #reply(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(new Error(`${this.#name} has ended`));
      const settle = ({ answer, error }: Reply) => {
        clearTimeout(timer);
        this.#waiting = undefined;
        if (error === undefined) resolve(answer);
        else reject(new Error(`${this.#name}: ${error}`));
      };
      // It stays the one that is waited for, so that `stop` kills the process.
      const timer = setTimeout(() => {
        reject(new Error(`${this.#name} does not answer`));
      }, ORDER_TIMEOUT_MS);
      this.#waiting = settle;
    });
  }

  #end(error: string): void {
    this.#ended = true;
    this.#waiting?.({ error });
  }
}

function spawnPeer(side: Side, peer: PeerName, nodeFlags: readonly string[]): ChildProcess {
  const stdio: ["pipe", "pipe", "inherit"] = ["pipe", "pipe", "inherit"];
  if (isGo(peer)) {
    // One thread for Go code, as JavaScript has.
    return spawn(goProgram, [peer, side], { stdio, env: { ...process.env, GOMAXPROCS: "1" } });
  }
  // Compiled, so that it runs as it would for a user.
  const file = fileURLToPath(new URL(`./dist/${side}.js`, import.meta.url));
  return spawn(process.execPath, ["--expose-gc", ...nodeFlags, file, peer], { stdio });
}
