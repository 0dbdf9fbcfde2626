// SPDX-License-Identifier: Apache-2.0
import { UsageError } from "./exit.js";

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** The longest that Node's timers take. */
const MAX_MS = 2 ** 31 - 1;

/** Reads the value of a time option, such as `500ms` or `2.5s`, as milliseconds. */
export function parseDuration(option: string, text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Math.round(Number(number) * (units[unit] ?? Number.NaN));
  if (ms > 0 && ms <= MAX_MS) return ms;
  throw new UsageError(
    `--${option} must be a time such as 500ms, 10s or 2m, not ${JSON.stringify(text)}`,
  );
}

/** Reads the value of an option that counts. */
export function parseCount(option: string, text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count > 0 && Number.isSafeInteger(count)) return count;
  throw new UsageError(
    `--${option} must be a whole number of 1 or more, not ${JSON.stringify(text)}`,
  );
}
