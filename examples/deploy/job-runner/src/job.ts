// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { createInterface } from "node:readline";

/** A command that runs, and the lines that it has written. */
export class Job {
  readonly #lines: string[] = [];
  readonly #events = new EventEmitter().setMaxListeners(0);
  #running = true;

  constructor(command: string) {
    const child = spawn("sh", ["-c", `exec 2>&1; ${command}`], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.#lines.push(line);
      this.#events.emit("change");
    });
    child.on("error", (error) => this.#lines.push(error.message));
    child.on("close", () => {
      this.#running = false;
      this.#events.emit("change");
    });
  }

  /** Its lines after the first `after`, as they come. */
  async *tail(after: number, signal: AbortSignal): AsyncGenerator<{ line: number; text: string }> {
    for (let at = Math.max(after, 0); ; ) {
      const text = this.#lines[at];
      if (text !== undefined) yield { line: ++at, text };
      else if (!this.#running) return;
      else await once(this.#events, "change", { signal });
    }
  }
}
