// SPDX-License-Identifier: Apache-2.0
import type { Memory } from "./messages.js";

/** Answers what the main process asks, one order after the other. */
export function serveOrders<T>(handle: (order: T) => Promise<unknown>): void {
  process.on("message", (order: T) => {
    handle(order).then(
      (answer) => process.send?.({ answer }),
      (error: unknown) => process.send?.({ error: String(error) }),
    );
  });
  process.on("disconnect", () => process.exit());
}

/** CPU time so far, of user and system, in microseconds. */
export function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** What is left after a garbage collection; needs `--expose-gc`. */
export async function memory(): Promise<Memory> {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, resident: rss };
}
