// SPDX-License-Identifier: Apache-2.0
import { invalidOption } from "../options/settings.js";

/** Throws a `RangeError` for an `observer` that is set and is none. */
export function checkObserver(option: string, observer: unknown): void {
  if (observer === undefined || isObserver(observer)) return;
  throw invalidOption(option, "an object with a method open", observer);
}

function isObserver(value: unknown): boolean {
  const holds = (typeof value === "object" || typeof value === "function") && value !== null;
  return holds && "open" in value && typeof value.open === "function";
}
