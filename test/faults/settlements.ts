// SPDX-License-Identifier: Apache-2.0
import { ConnectError } from "@connectrpc/connect";
import { afterAll } from "vitest";

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
  async all(category: string): Promise<{ name: string; settlement: Settlement }[]> {
    const late = new Promise<"late">((resolve) =>
      setTimeout(() => resolve("late"), PATIENCE_MS).unref(),
    );
    const result = await Promise.race([Promise.all(this.#watched.map(({ done }) => done)), late]);
    if (result === "late") {
      const names = this.#watched.filter(({ settlement }) => !settlement).map(({ name }) => name);
      throw new Error(`not settled ${PATIENCE_MS} ms after the event: ${names.join(", ")}`);
    }
    const since = this.#eventAt;
    if (since === undefined) return this.#watched.flatMap(told);
    const list = latencies.get(category) ?? [];
    latencies.set(category, list);
    const after = this.#watched.filter(({ at }) => at >= since);
    list.push(...after.map(({ at }) => at - since));
    return after.flatMap(told);
  }
}

function told({ name, settlement }: Watched): { name: string; settlement: Settlement }[] {
  return settlement ? [{ name, settlement }] : [];
}

/** The code of what a promise rejected with. Throws for anything that is no `ConnectError`. */
export function codeOf(name: string, settlement: Settlement): ConnectError["code"] | undefined {
  if (settlement.status === "fulfilled") return undefined;
  if (settlement.reason instanceof ConnectError) return settlement.reason.code;
  throw new Error(`${name} rejected with no ConnectError`, { cause: settlement.reason });
}

/** Prints the latencies of this file at its end. They are a report: no test depends on them. */
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
