// SPDX-License-Identifier: Apache-2.0

/** Random numbers that a seed repeats: mulberry32. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new Error("nothing to pick from");
    return value;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }
}

const long = process.env.RELIABILITY === "long";

/**
 * The seed of a run, printed so that it can be set again. The short form has always the same, so
 * that it fails only because of a change; the long form has another each time, to find more.
 */
export function printedSeed(what: string, variable = "FUZZ_SEED"): number {
  const seed = Number(process.env[variable] ?? (long ? Math.floor(Math.random() * 2 ** 31) : 1));
  console.log(`${what}: seed ${seed} (${variable})`);
  return seed;
}

/**
 * How many cases to try: `short` of them in CI, more in the long form, or as many as the environment
 * says.
 */
export function cases(short: number, longer = short * 20): number {
  return Number(process.env.FUZZ_CASES ?? (long ? longer : short));
}

/** Names a case of a fuzz test, by the command that tries it again, alone. */
export function caseName(what: string, caseSeed: number): string {
  return `FUZZ_SEED=${caseSeed} FUZZ_CASES=1 npm run reliability -- test/fuzz/${what}.spec.ts`;
}
