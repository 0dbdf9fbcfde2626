// SPDX-License-Identifier: Apache-2.0
import { ConnectError } from "@connectrpc/connect";
import { afterAll, expect } from "vitest";
import type { Side } from "./chaos-proxy.js";
import { Stalls } from "./stalls.js";

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
  /** How long the process had stood still by then, since the event. */
  stalledMs: number;
}

/** A promise that has settled, and how long after the event that ended its call. */
export interface Settled {
  readonly name: string;
  readonly settlement: Settlement;
  readonly afterMs: number;
  /** For how much of that the process stood still. */
  readonly stalledMs: number;
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

/** The longest time that any of them took while the process could run. */
export function slowest(settled: readonly Settled[]): number {
  return Math.max(0, ...settled.map(({ afterMs, stalledMs }) => afterMs - stalledMs));
}

const latencies = new Map<string, number[]>();

/** The promises of one call, both sides: each settles after the event that ends the call. */
export class Settlements {
  readonly #watched: Watched[] = [];
  #stalls: Stalls | undefined;
  #notedAt = Number.NEGATIVE_INFINITY;
  #eventAt: Readonly<Record<Side, number>> | undefined;

  /** Watches `promise` under a name, which need not be its own. */
  watch(name: string, promise: Promise<unknown>): void {
    const settled = (settlement: Settlement) => {
      watched.settlement = settlement;
      watched.at = performance.now();
      watched.stalledMs = this.#stalls?.since(this.#since(name)) ?? 0;
    };
    const watched: Watched = {
      name,
      settlement: undefined,
      at: 0,
      stalledMs: 0,
      done: promise.then(
        (value) => settled({ status: "fulfilled", value }),
        (reason: unknown) => settled({ status: "rejected", reason }),
      ),
    };
    this.#watched.push(watched);
  }

  /**
   * The call ends now, or for each side at a time to come: what is pending now counts for the
   * latencies. Without it, all are told.
   */
  event(at?: Readonly<Record<Side, number>>): void {
    this.#stalls?.stop();
    this.#stalls = new Stalls();
    this.#notedAt = performance.now();
    this.#eventAt = at ?? { client: this.#notedAt, server: this.#notedAt };
  }

  /** Waits for all of `side`, or of both; those pending at the event count for `category`. */
  async all(category: string, side?: Side): Promise<Settled[]> {
    const watched = this.#watched.filter(({ name }) => name.startsWith(side ?? ""));
    const late = new Promise<"late">((resolve) =>
      setTimeout(() => resolve("late"), PATIENCE_MS).unref(),
    );
    const result = await Promise.race([Promise.all(watched.map(({ done }) => done)), late]);
    this.#stalls?.stop();
    if (result === "late") {
      const names = watched.filter(({ settlement }) => !settlement).map(({ name }) => name);
      throw new Error(`not settled after ${PATIENCE_MS} ms: ${names.join(", ")}`);
    }
    if (!this.#eventAt) return watched.flatMap((one) => settledAt(one, one.at));
    const list = latencies.get(category) ?? [];
    latencies.set(category, list);
    const after = watched
      .filter(({ at }) => at >= this.#notedAt)
      .flatMap((one) => settledAt(one, this.#since(one.name)));
    list.push(...after.map((one) => slowest([one])));
    return after;
  }

  /** When the event was for the one who has the promise of that name. */
  #since(name: string): number {
    const side: Side = name.startsWith("client") ? "client" : "server";
    return this.#eventAt?.[side] ?? Number.NaN;
  }
}

function settledAt({ name, settlement, at, stalledMs }: Watched, since: number): Settled[] {
  return settlement ? [{ name, settlement, afterMs: at - since, stalledMs }] : [];
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
