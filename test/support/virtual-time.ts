// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, vi } from "vitest";
import { turn } from "./gate.js";

/** In the tests of a file, time passes when they say so. What sockets and promises do is real. */
export function useVirtualTime(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
  });
  afterEach(() => void vi.useRealTimers());
}

/** Lets time pass, and then what is ready happen. */
export async function pass(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms);
  await turn();
}

/** Lets time pass in steps of `ms` until `promise` has settled. */
export async function inTime<T>(promise: Promise<T>, ms: number): Promise<T> {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  promise.then(settle, settle);
  while (!settled) await pass(ms);
  return promise;
}
