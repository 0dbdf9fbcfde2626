// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming } from "@bufbuild/protobuf";
import type { RecvOptions } from "../api/options.js";
import { startTimeouts } from "../call/timeouts.js";
import type { StreamTimeouts } from "../options/timeouts.js";
import type { ClientCall } from "./client-call.js";
import { ClientDelegate } from "./delegate.js";

/** Puts a call under its limits of time. */
export function timed(
  side: ClientCall,
  { methodKind }: DescMethodStreaming,
  timeouts: StreamTimeouts,
): ClientCall {
  const stop = startTimeouts(
    { progress: () => side.progress(), expire: (error) => side.fail(error, "deadline") },
    timeouts,
  );
  void side.outcome.then(stop);
  const { recvMs } = timeouts;
  // `closeAndRecv` has one response to give, and could not be called again for it.
  if (recvMs === undefined || methodKind === "client_streaming") return side;
  return new ImpatientSide(side, recvMs);
}

/** A side whose `recv` has a limit of time by default. */
class ImpatientSide extends ClientDelegate {
  readonly #general: { readonly timeoutMs: number };

  constructor(side: ClientCall, timeoutMs: number) {
    super(side);
    this.#general = { timeoutMs };
  }

  override recv(options?: RecvOptions): Promise<object | undefined> {
    return this.side.recv({ ...this.#general, ...options });
  }
}
