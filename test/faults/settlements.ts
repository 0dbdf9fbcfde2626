// SPDX-License-Identifier: Apache-2.0
import { ConnectError } from "@connectrpc/connect";
import { afterAll, expect } from "vitest";

/** How long a promise may take before a test gives it up: generous, as machines are busy. */
const PATIENCE_MS = 5000;

/** How a promise ended. */
export type Settlement =
  | { readonly status: "fulfilled"; readonly value: unknown }
  | { readonly status: "rejected"; readonly reason: unknown };

interface Watched {
  readonly name: string;
  readonly done: Promise<void>;
  settlement: Settlement | undefined;
  at: number;
}

/** A promise that has settled, and how long after the event that ended its call. */
export interface Told {
  readonly name: string;
  readonly settlement: Settlement;
  readonly afterMs: number;
}

/** How long after the event that ends a call all its promises have to have settled, in milliseconds. */
export const SETTLE_MS = 100;

const ATTEMPTS = 3;

/**
 * Fails if `attempt`, which resolves to how many milliseconds something took, takes longer each time.
 * A machine that is busy elsewhere is late now and then; what waits for a timer is late always.
 */
export async function expectWithin(limitMs: number, attempt: () => Promise<number>): Promise<void> {
  const took: number[] = [];
  do took.push(await attempt());
  while (Math.min(...took) > limitMs && took.length < ATTEMPTS);
  expect(Math.min(...took)).toBeLessThanOrEqual(limitMs);
}

/** The longest time that any of them took. */
export function slowest(settled: readonly Told[]): number {
  return Math.max(0, ...settled.map(({ afterMs }) => afterMs));
}

const latencies = new Map<string, number[]>();

/** The promises of one call, both sides: each settles after the event that ends the call. */
export class Settlements {
  readonly #watched: Watched[] = [];
  #eventAt: number | undefined;

  /** Watches `promise` under a name, which need not be its own. */
  watch(name: string, promise: Promise<unknown>): void {
    const settled = (settlement: Settlement) => {
      watched.settlement = settlement;
      watched.at = performance.now();
    };
    const watched: Watched = {
      name,
      settlement: undefined,
      at: 0,
      done: promise.then(
        (value) => settled({ status: "fulfilled", value }),
        (reason: unknown) => settled({ status: "rejected", reason }),
      ),
    };
    this.#watched.push(watched);
  }

  /** The call ends now: what is pending counts for the latencies. Without it, all are told. */
  event(): void {
    this.#eventAt = performance.now();
  }

  /** Waits for all; those pending at the event count for the latencies of `category`. */
  async all(category: string): Promise<Told[]> {
    const late = new Promise<"late">((resolve) =>
      setTimeout(() => resolve("late"), PATIENCE_MS).unref(),
    );
    const result = await Promise.race([Promise.all(this.#watched.map(({ done }) => done)), late]);
    if (result === "late") {
      const names = this.#watched.filter(({ settlement }) => !settlement).map(({ name }) => name);
      throw new Error(`not settled ${PATIENCE_MS} ms after the event: ${names.join(", ")}`);
    }
    const since = this.#eventAt;
    if (since === undefined) return this.#watched.flatMap((watched) => told(watched, watched.at));
    const list = latencies.get(category) ?? [];
    latencies.set(category, list);
    const after = this.#watched.filter(({ at }) => at >= since);
    list.push(...after.map(({ at }) => at - since));
    return after.flatMap((watched) => told(watched, since));
  }
}

function told({ name, settlement, at }: Watched, since: number): Told[] {
  return settlement ? [{ name, settlement, afterMs: at - since }] : [];
}

/** The code of what a promise rejected with. Throws for anything that is no `ConnectError`. */
export function codeOf(name: string, settlement: Settlement): ConnectError["code"] | undefined {
  if (settlement.status === "fulfilled") return undefined;
  if (settlement.reason instanceof ConnectError) return settlement.reason.code;
  throw new Error(`${name} rejected with no ConnectError`, { cause: settlement.reason });
}

/** Prints the latencies of this file at its end. */
export function reportLatencies(): void {
  afterAll(() => {
    for (const [category, list] of [...latencies].sort()) console.log(line(category, list));
    console.log(line("all", [...latencies.values()].flat()));
  });
}

function line(category: string, list: number[]): string {
  const sorted = list.toSorted((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
  return `settle ms, ${category}: n ${list.length}, p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`;
}
