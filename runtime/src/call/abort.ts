// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { shown } from "../options/settings.js";

const callbacks = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `callback` when `signal` aborts; returns how to stop that. One listener a signal serves all
 * its callbacks, because Node warns of more than ten, and many calls may share a signal. Throws a
 * `TypeError` for what is no signal.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const all = callbacks.get(signal) ?? listen(signal);
  all.add(callback);
  return () => {
    if (!all.delete(callback) || all.size > 0) return;
    callbacks.delete(signal);
    signal.removeEventListener("abort", tellAll);
  };
}

/** The `TypeError` of an option `signal` that is set and is no signal. */
export function invalidSignal(signal: AbortSignal | undefined): TypeError | undefined {
  if (signal === undefined || typeof signal?.addEventListener === "function") return undefined;
  return new TypeError(`signal must be an AbortSignal, not ${shown(signal)}`);
}

function listen(signal: AbortSignal): Set<() => void> {
  const invalid = invalidSignal(signal);
  if (invalid) throw invalid;
  const all = new Set<() => void>();
  callbacks.set(signal, all);
  signal.addEventListener("abort", tellAll);
  return all;
}

function tellAll(this: AbortSignal): void {
  for (const callback of [...(callbacks.get(this) ?? [])]) callback();
}

/**
 * Why `signal` was aborted, as an error with a code: `canceled` unless the reason has its own.
 * Connect forgets the `TimeoutError` of `AbortSignal.timeout`, so it is kept as the cause.
 */
export function abortError({ reason }: AbortSignal): ConnectError {
  const error = ConnectError.from(reason ?? "aborted", Code.Canceled);
  if (error !== reason && reason instanceof Error) error.cause ??= reason;
  return error;
}
