// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";
import type { RecvOptions } from "../api/options.js";
import { onAbort } from "../call/abort.js";
import { watch } from "../call/timeouts.js";
import type { StreamTimeouts } from "../options/timeouts.js";
import { ServerDelegate } from "./delegate.js";
import type { RunHandler, ServerCall } from "./server-call.js";

/**
 * Gives each `recv` of a handler its limit of time. To be put around the handler itself: what
 * interceptors read ahead has none.
 */
export function withRecvTimeout(run: RunHandler, timeouts: StreamTimeouts | undefined): RunHandler {
  const timeoutMs = timeouts?.recvMs;
  return timeoutMs === undefined ? run : (side) => run(new ImpatientSide(side, timeoutMs));
}

/** Watches the other limits. To be put around handler and interceptors: it ends the call itself. */
export function watched(run: RunHandler, timeouts: StreamTimeouts | undefined): RunHandler {
  if (!timeouts) return run;
  return async (side) => {
    const call = {
      progress: () => side.progress(),
      end: (error: ConnectError) => side.abort(error, "deadline"),
    };
    const stop = watch(call, timeouts);
    // A handler may never return from a call that was cut.
    const stopListening = onAbort(side.context.signal, stop);
    try {
      await run(side);
    } finally {
      stopListening();
      stop();
    }
  };
}

/** A side whose `recv` has a limit of time by default. */
class ImpatientSide extends ServerDelegate {
  readonly #general: { readonly timeoutMs: number };

  constructor(side: ServerCall, timeoutMs: number) {
    super(side);
    this.#general = { timeoutMs };
  }

  override recv(options?: RecvOptions): Promise<object | undefined> {
    return this.side.recv({ ...this.#general, ...options });
  }
}
