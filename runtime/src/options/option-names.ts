// SPDX-License-Identifier: Apache-2.0
import type { Settings } from "./declare.js";

/**
 * Throws a `RangeError` for an option that is set and that `owner`, with these `settings`, does not
 * have: a misspelled limit would be no limit. The error names the option that was probably meant.
 */
export function checkOptionNames(owner: string, options: object, settings: Settings): void {
  const names = Object.keys(settings);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || names.includes(name)) continue;
    const meant = nearest(name, names);
    const hint = meant === undefined ? `it has ${names.join(", ")}` : `did you mean ${meant}?`;
    throw new RangeError(`${owner} has no option ${name}: ${hint}`);
  }
}

/** The name that is closest to `given`, if one is close. */
export function nearest(given: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(given.length / 3)) + 1;
  for (const name of names) {
    const distance = distanceOf(given, name);
    if (distance >= least) continue;
    best = name;
    least = distance;
  }
  return best;
}

/** A shorter part of a name does not say which is meant. */
const MIN_PART = 3;

/**
 * How far two names are apart, whatever their case. Close are the same words in another order, and a
 * name that is a part of the other, as `host` is of `hostname`.
 */
function distanceOf(one: string, other: string): number {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  if (a === b) return 0;
  if (wordsOf(one) === wordsOf(other)) return 1;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return short.length >= MIN_PART && long.includes(short) ? 1 : editDistance(a, b);
}

function wordsOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, " $&").toLowerCase().split(" ").sort().join(" ");
}

/** Characters to insert, remove or replace. https://en.wikipedia.org/wiki/Levenshtein_distance */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
