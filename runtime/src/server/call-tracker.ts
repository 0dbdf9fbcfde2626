// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { Call } from "./call.js";

/**
 * The open calls, by the signal that shuts them down. One listener a signal serves all its calls:
 * one each would be as many as there are calls, and Node warns of more than ten.
 */
export class CallTracker {
  readonly #bySignal = new Map<AbortSignal | undefined, Set<Call>>();

  /** How many calls are open. */
  get size(): number {
    let size = 0;
    for (const calls of this.#bySignal.values()) size += calls.size;
    return size;
  }

  add(call: Call, shutdownSignal: AbortSignal | undefined): void {
    const calls = this.#callsOf(shutdownSignal);
    calls.add(call);
    if (shutdownSignal?.aborted) call.shutdown(shutdownError(shutdownSignal));
  }

  remove(call: Call, shutdownSignal: AbortSignal | undefined): void {
    this.#bySignal.get(shutdownSignal)?.delete(call);
  }

  #callsOf(signal: AbortSignal | undefined): Set<Call> {
    const known = this.#bySignal.get(signal);
    if (known) return known;
    const calls = new Set<Call>();
    this.#bySignal.set(signal, calls);
    signal?.addEventListener("abort", () => {
      for (const call of [...calls]) call.shutdown(shutdownError(signal));
    });
    return calls;
  }
}

/** What clients are told of a shutdown: the signal's own `ConnectError`, or `unavailable`. */
function shutdownError({ reason }: AbortSignal): ConnectError {
  return reason instanceof ConnectError
    ? reason
    : new ConnectError(
        "the server is shutting down",
        Code.Unavailable,
        undefined,
        undefined,
        reason,
      );
}
