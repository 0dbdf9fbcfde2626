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

/** Numbers from `min` to `max`. `min` may be `Number.MIN_VALUE`: more than 0; `max` may be infinite. */
export interface Range {
  readonly min: number;
  readonly max: number;
  /** Whole numbers only. */
  readonly isWhole: boolean;
}

/** Whether `value` is a number of `range`. */
export function isInRange({ min, max, isWhole }: Range, value: unknown): boolean {
  if (typeof value !== "number" || (isWhole && !Number.isInteger(value))) return false;
  return value >= min && value <= max;
}

/** The numbers of `range`, in words that end the sentence "x must be …". */
export function rangeText({ min, max, isWhole }: Range): string {
  if (isWhole) return `a whole number from ${min} to ${max}`;
  const from = min === Number.MIN_VALUE ? "more than 0" : `at least ${min}`;
  const to = max === Number.POSITIVE_INFINITY ? "" : ` and at most ${max}`;
  return `a number, ${from}${to}`;
}

/** Throws a `RangeError` that names the option, for what is no number of `range`. */
export function assertRange(option: string, value: unknown, range: Range): void {
  if (!isInRange(range, value)) throw invalidOption(option, rangeText(range), value);
}

/** `value`, or a `RangeError` that names the option. */
export function assertInteger(option: string, value: number, min: number, max: number): number {
  assertRange(option, value, { min, max, isWhole: true });
  return value;
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
): asserts values is object {
  if (!isObject(values)) {
    const group = `an object with ${names.join(", ")}`;
    throw invalidOption(option, or ? `${or} or ${group}` : group, values);
  }
  const unknown = Object.keys(values).find((key) => !names.includes(key));
  if (unknown === undefined) return;
  throw new RangeError(`${option}.${unknown} does not exist: use ${names.join(", ")}`);
}

/** The error of an invalid setting: which one, what it may be, and what it is. */
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
