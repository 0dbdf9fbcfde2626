// SPDX-License-Identifier: Apache-2.0

/**
 * What of `options` is set: `undefined` is an option that was not given, which a spread would put in
 * the place of one that was.
 */
export function definedOnly<T extends object>(options: T): T {
  if (Object.values(options).every((value) => value !== undefined)) return options;
  const set = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as T;
}

/** A group of settings that are whole numbers, none of them required. */
export type Settings<K extends string> = { [P in K]?: number | undefined };

/** What is set in general, and what in particular, joined. `undefined` if nothing is set. */
export type Resolve<K extends string> = (
  general: Settings<K> | undefined,
  particular?: Settings<K>,
) => Settings<K> | undefined;

/**
 * How to join the settings of one option, key by key: the particular goes before the general,
 * which was checked where it was set. Throws a `RangeError` for invalid values; `known` gives each
 * setting and its largest value.
 */
export function settings<K extends string>(
  option: string,
  known: readonly (readonly [K, number])[],
): Resolve<K> {
  const check = (values: Settings<K>) => {
    assertKnownKeys(
      option,
      values,
      known.map(([key]) => key),
    );
    for (const [key, max] of known) {
      const value = values[key];
      if (value !== undefined) assertInteger(`${option}.${key}`, value, 1, max);
    }
  };
  return (general, particular) => {
    if (particular !== undefined) check(particular);
    if (!general || !particular) return particular ?? general;
    const joined: Settings<K> = {};
    for (const [key] of known) joined[key] = particular[key] ?? general[key];
    return joined;
  };
}

/**
 * Throws a `RangeError` unless `values` is an object of settings, all of which are in `names`. `or`:
 * what the option may be instead, which was looked at before.
 */
export function assertKnownKeys(
  option: string,
  values: unknown,
  names: readonly string[],
  or?: string,
): void {
  if (!isObject(values)) {
    const group = `an object with ${names.join(", ")}`;
    throw invalidOption(option, or ? `${or} or ${group}` : group, values);
  }
  const unknown = Object.keys(values).find((key) => !names.includes(key));
  if (unknown === undefined) return;
  throw new RangeError(`${option}.${unknown} does not exist: use ${names.join(", ")}`);
}

/** `value`, or a `RangeError` that names the option. */
export function assertInteger(option: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalidOption(option, `a whole number from ${min} to ${max}`, value);
}

/** The same for numbers that need not be whole. `min` may be `Number.MIN_VALUE`, `max` infinite. */
export function assertNumber(option: string, value: number, min: number, max: number): number {
  if (typeof value === "number" && value >= min && value <= max) return value;
  const from = min === Number.MIN_VALUE ? "more than 0" : `at least ${min}`;
  const to = max === Number.POSITIVE_INFINITY ? "" : ` and at most ${max}`;
  throw invalidOption(option, `a number, ${from}${to}`, value);
}

/**
 * Throws a `RangeError` for a `timeoutMs` of one call that is no number: `NaN` would be a call
 * without deadline. 0 or less is one, too, but one that Connect's users may ask for.
 */
export function checkCallTimeout(option: string, value: number | undefined): void {
  if (value === undefined || (typeof value === "number" && !Number.isNaN(value))) return;
  throw invalidOption(option, "a number of milliseconds", value);
}

/** Throws a `RangeError` for what is set and is no function. */
export function checkFunction(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function") {
    throw invalidOption(option, "a function", value);
  }
}

/** The error of a setting that cannot be: which one, what it may be, and what it is. */
export function invalidOption(option: string, allowed: string, value: unknown): RangeError {
  return new RangeError(`${option} must be ${allowed}, not ${shown(value)}`);
}

export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** With quotes where it is a string, for "5" is no number. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
