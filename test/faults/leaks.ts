// SPDX-License-Identifier: Apache-2.0
import { getEventListeners } from "node:events";
import { expect } from "vitest";
import { until } from "../support/gate.js";

/** What this process holds open, by kind: timers, sockets, servers. */
function resources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** Notes what is open; the function that it returns waits until no more than that is. */
export async function noteResources(): Promise<() => Promise<void>> {
  // From a timer's callback, as `until` does: a running timer does not count.
  await new Promise((resolve) => setTimeout(resolve, 1));
  const before = resources();
  return () =>
    until(() => [...resources()].every(([kind, count]) => count <= (before.get(kind) ?? 0)));
}

/** Fails if anybody still listens to `signal`. */
export function expectNoListeners(signal: AbortSignal): void {
  expect(getEventListeners(signal, "abort")).toEqual([]);
}
