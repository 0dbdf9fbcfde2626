// SPDX-License-Identifier: Apache-2.0
import type { MemoryCase } from "./cases.js";

/** One measurement. */
export interface Measure {
  /** Calls or messages a second; echoes count once. */
  readonly rate: number;
  /** CPU time a call or message, in microseconds. */
  readonly serverMicros: number;
  readonly clientMicros: number;
}

/** All measurements of one contestant, in the order of the rounds. */
export interface Result {
  readonly label: string;
  readonly measures: Measure[];
  /** Why there are none. */
  error?: string;
}

/** What a table has beside its first column, by the name of the row. */
export interface MemoryResult {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly label: string; readonly values: readonly number[] }[];
}

/** A run, as `--json` writes it. */
export interface Report {
  /** Of Node.js, of the packages and modules that are compared, and of Go. */
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: string;
  readonly quick: boolean;
  readonly rounds: number;
  readonly ms: number;
  readonly nodeFlags: readonly string[];
  /** Ratios are of the first. */
  readonly contestants: readonly string[];
  readonly cases: { readonly name: string; readonly results: readonly Result[] }[];
  readonly memory: Partial<Record<MemoryCase, MemoryResult>>;
  /** Which peers failed in which cases, and why. */
  readonly failures: string[];
}

export type Value = (measure: Measure) => number;

/** The CPU time of both sides together. */
export const bothMicros: Value = ({ serverMicros, clientMicros }) => serverMicros + clientMicros;

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Half of what lies between the quarters, by the median: how far the rounds are apart. */
export function spread(values: readonly number[]): number {
  return (quantile(values, 0.75) - quantile(values, 0.25)) / 2 / median(values);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** A value of `a` by that of `b`, the median over the rounds: what slows a round down slows both. */
export function medianRatio(a: Result, b: Result, value: Value): number {
  const ratios = a.measures.map((measure, round) => {
    const other = b.measures[round];
    return other ? value(measure) / value(other) : Number.NaN;
  });
  return median(ratios);
}
