// SPDX-License-Identifier: Apache-2.0
import type { RecvOptions } from "../api/options.js";
import { invalidOption } from "../options/settings.js";

/** What is wrong with the limit of a `recv`, if anything is: callers may know no types. */
export function invalidRecvTimeout({ timeoutMs }: RecvOptions): RangeError | undefined {
  const isNumber = typeof timeoutMs === "number" && !Number.isNaN(timeoutMs);
  if (timeoutMs === undefined || isNumber) return undefined;
  return invalidOption("timeoutMs of recv", "a number of milliseconds", timeoutMs);
}

/** The options of a `recv` that has the limit of `general` unless it says otherwise. */
export function limitedTo(
  general: { readonly timeoutMs: number },
  options: RecvOptions | undefined,
): RecvOptions {
  return options ? { ...options, timeoutMs: options.timeoutMs ?? general.timeoutMs } : general;
}
