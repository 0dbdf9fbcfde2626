// SPDX-License-Identifier: Apache-2.0
import type { RpcObserver } from "../api/observer.js";

/** Observers of which something was reported. */
const reported = new WeakSet<RpcObserver>();

/** Calls code of `observer`. What it throws, or rejects with, is reported and changes nothing. */
export function guard<T>(observer: RpcObserver, code: () => T): T | undefined {
  try {
    const result = code();
    // Methods that are meant to return nothing may well be async.
    if (result instanceof Promise) result.catch((error: unknown) => report(observer, error));
    return result;
  } catch (error) {
    report(observer, error);
    return undefined;
  }
}

/** A method of `self`, which `observer` made, to be called at will. `undefined` if there is none. */
export function guarded<S, A>(
  observer: RpcObserver,
  self: S,
  method: ((this: S, arg: A) => unknown) | undefined,
): ((arg: A) => void) | undefined {
  return method && ((arg) => void guard(observer, () => method.call(self, arg)));
}

/** Once for each observer: one that fails for each message would fill the log. */
function report(observer: RpcObserver, error: unknown): void {
  if (reported.has(observer)) return;
  reported.add(observer);
  console.error("an observer failed (reported once):", error);
}
