// SPDX-License-Identifier: Apache-2.0
import type { ContextValues } from "@connectrpc/connect";
import { shown } from "../options/settings.js";

/** What was thrown before a handler could run. */
export interface Fault {
  readonly thrown: unknown;
}

/** What a host's `contextValues` gave for a request, or its fault. */
export interface GivenValues {
  readonly values: ContextValues | undefined;
  readonly fault?: Fault;
}

/** Asks for the values that a host has for a request. Its function may throw, be async, or give anything. */
export function valuesFrom(head: {
  readonly contextValues: ContextValues | undefined;
}): GivenValues {
  try {
    return { values: checkValues(head.contextValues) };
  } catch (thrown) {
    return { values: undefined, fault: { thrown } };
  }
}

function checkValues(values: ContextValues | undefined): ContextValues | undefined {
  if (values === undefined || typeof values?.get === "function") return values;
  if (!isPromise(values)) {
    throw new TypeError(`contextValues must return ContextValues, not ${shown(values)}`);
  }
  values.then(undefined, () => undefined);
  throw new TypeError(
    "contextValues must return ContextValues, not a promise: do async work in an interceptor",
  );
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value;
}
