// SPDX-License-Identifier: Apache-2.0
import { createInterface } from "node:readline";
import type { Memory, Order, Reply } from "./messages.js";

/**
 * Says that the process is ready, and answers what the main process asks, one order after the other:
 * a line of JSON for each order, and for each reply.
 */
export function serveOrders(handle: (order: Order) => Promise<unknown>): void {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    handle(JSON.parse(line)).then(
      (answer) => say({ answer: answer ?? 0 }),
      (error: unknown) => say({ error: String(error) }),
    );
  });
  // By itself, so that it can write a profile.
  lines.on("close", () => process.exit());
  say({ answer: 0 });
}

function say(reply: Reply): void {
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

/** What servers and clients are both asked for. */
export async function common(order: Order): Promise<unknown> {
  switch (order.do) {
    case "cpu":
      return cpuMicros();
    case "memory":
      return memory();
    case "gc":
      return collectGarbage();
    default:
      throw new Error(`"${order.do}" is for the other side`);
  }
}

/** CPU time so far, of user and system, in microseconds. */
export function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** What is left after a garbage collection. */
async function memory(): Promise<Memory> {
  for (let round = 0; round < 3; round++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, resident: rss };
}

/** Needs `--expose-gc`. */
function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error("the process needs --expose-gc");
  globalThis.gc();
}
