// SPDX-License-Identifier: Apache-2.0
import { within } from "./within.js";

/** A group of settings that are whole numbers, none of them required. */
export type Settings<K extends string> = { [P in K]?: number | undefined };

/** What is set in general, and what in particular, joined. `undefined` if nothing is set. */
export type Resolve<K extends string> = (
  general: Settings<K> | undefined,
  particular?: Settings<K>,
) => Settings<K> | undefined;

/**
 * How to join the settings of one option, key by key: the particular goes before the general,
 * which was checked where it was set. Throws a `RangeError` for what cannot be; `known` gives each
 * setting and its largest value.
 */
export function settings<K extends string>(
  option: string,
  known: readonly (readonly [K, number])[],
): Resolve<K> {
  const check = (values: Settings<K>) => {
    onlyKnown(
      option,
      values,
      known.map(([key]) => key),
    );
    for (const [key, max] of known) {
      const value = values[key];
      if (value !== undefined) within(`${option}.${key}`, value, 1, max);
    }
  };
  return (general, particular) => {
    if (particular) check(particular);
    if (!general || !particular) return particular ?? general;
    const joined: Settings<K> = {};
    for (const [key] of known) joined[key] = particular[key] ?? general[key];
    return joined;
  };
}

/** Throws a `RangeError` for a key of `values` that is none of `names`. */
export function onlyKnown(option: string, values: object, names: readonly string[]): void {
  const unknown = Object.keys(values).find((key) => !names.includes(key));
  if (unknown === undefined) return;
  throw new RangeError(`${option}.${unknown} does not exist: use ${names.join(", ")}`);
}
