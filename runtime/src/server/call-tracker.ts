// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { LinkedQueue, type Queued } from "../linked-queue.js";
import type { Call } from "./call.js";

/** A call, as a server that shuts down needs it. */
export interface TrackedCall extends Queued<TrackedCall> {
  readonly call: Pick<Call, "shutdown" | "context">;
  /** Aborts the drain signal of its context. */
  drain(reason: ConnectError): void;
}

/**
 * The open calls, by the signal that shuts them down. One listener a signal serves all its calls:
 * one each would be as many as there are calls, and Node warns of more than ten.
 */
export class CallTracker {
  readonly #bySignal = new Map<AbortSignal | undefined, LinkedQueue<TrackedCall>>();
  readonly #drainSignal: AbortSignal | undefined;

  /** `drainSignal`: aborts when the server begins to drain. */
  constructor(drainSignal?: AbortSignal) {
    this.#drainSignal = drainSignal;
    drainSignal?.addEventListener("abort", () => {
      for (const calls of this.#bySignal.values()) {
        for (const tracked of calls.list()) tracked.drain(shutdownError(drainSignal));
      }
    });
  }

  /** How many calls are open, by the path of their RPC: `/package.Service/Method`. */
  openCalls(): ReadonlyMap<string, number> {
    const open = new Map<string, number>();
    for (const { call } of [...this.#bySignal.values()].flatMap((calls) => calls.list())) {
      const { service, method } = call.context;
      const path = `/${service.typeName}/${method.name}`;
      open.set(path, (open.get(path) ?? 0) + 1);
    }
    return open;
  }

  /** Adds a call. It leaves the queue that it is put in when it is closed. */
  add(tracked: TrackedCall, shutdownSignal: AbortSignal | undefined): void {
    this.#callsOf(shutdownSignal).push(tracked);
    if (this.#drainSignal?.aborted) tracked.drain(shutdownError(this.#drainSignal));
    if (shutdownSignal?.aborted) tracked.call.shutdown(shutdownError(shutdownSignal));
  }

  #callsOf(signal: AbortSignal | undefined): LinkedQueue<TrackedCall> {
    const known = this.#bySignal.get(signal);
    if (known) return known;
    const calls = new LinkedQueue<TrackedCall>();
    this.#bySignal.set(signal, calls);
    signal?.addEventListener("abort", () => {
      for (const { call } of calls.list()) call.shutdown(shutdownError(signal));
    });
    return calls;
  }
}

/** What clients are told of a shutdown: the signal's own `ConnectError`, or `unavailable`. */
function shutdownError({ reason }: AbortSignal): ConnectError {
  return reason instanceof ConnectError ? reason : createShutdownError(reason);
}

/** The failure of a call whose server shuts down. */
export function createShutdownError(cause?: unknown): ConnectError {
  const text = "the server is shutting down";
  return new ConnectError(text, Code.Unavailable, undefined, undefined, cause);
}
