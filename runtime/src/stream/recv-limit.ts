// SPDX-License-Identifier: Apache-2.0
import type { RecvOptions } from "../options.js";

/** What is wrong with the limit of a `recv`, if anything is: callers may know no types. */
export function limitFault({ timeoutMs }: RecvOptions): RangeError | undefined {
  if (timeoutMs === undefined || (typeof timeoutMs === "number" && timeoutMs >= 0))
    return undefined;
  return new RangeError(`timeoutMs of recv must be a number from 0, not ${timeoutMs}`);
}

/** The options of a `recv` that is limited to `timeoutMs` unless it says otherwise. */
export function limitedTo(timeoutMs: number, options: RecvOptions | undefined): RecvOptions {
  return { ...options, timeoutMs: options?.timeoutMs ?? timeoutMs };
}
