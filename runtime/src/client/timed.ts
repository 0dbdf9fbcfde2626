// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming } from "@bufbuild/protobuf";
import type { RecvOptions, SendOptions } from "../options.js";
import type { EndedBy, StreamOutcome } from "../outcome.js";
import type { Progress } from "../stream/progress.js";
import { watch } from "../stream/watch.js";
import type { StreamTimeouts } from "../timeouts.js";
import type { ClientSide } from "./side.js";

/** Puts a call under its limits of time. */
export function timed(
  side: ClientSide,
  { methodKind }: DescMethodStreaming,
  timeouts: StreamTimeouts,
): ClientSide {
  const stop = watch(
    { progress: () => side.progress(), end: (error) => side.fail(error, "deadline") },
    timeouts,
  );
  void side.outcome.then(stop);
  const { recvMs } = timeouts;
  // `closeAndRecv` has one response to give, and could not be called again for it.
  if (recvMs === undefined || methodKind === "client_streaming") return side;
  return new ImpatientSide(side, recvMs);
}

/** A side whose `recv` has a limit of time by default. */
class ImpatientSide implements ClientSide {
  readonly #side: ClientSide;
  readonly #default: RecvOptions;

  constructor(side: ClientSide, timeoutMs: number) {
    this.#side = side;
    this.#default = { timeoutMs };
  }

  get header(): Promise<Headers> {
    return this.#side.header;
  }

  get trailer(): Promise<Headers> {
    return this.#side.trailer;
  }

  get outcome(): Promise<StreamOutcome> {
    return this.#side.outcome;
  }

  recv(options?: RecvOptions): Promise<object | undefined> {
    return this.#side.recv(options ? { ...this.#default, ...options } : this.#default);
  }

  send(message: object, options?: SendOptions): Promise<void> {
    return this.#side.send(message, options);
  }

  closeSend(): Promise<void> {
    return this.#side.closeSend();
  }

  close(): void {
    this.#side.close();
  }

  fail(error: Error, by?: EndedBy): void {
    this.#side.fail(error, by);
  }

  progress(): Progress {
    return this.#side.progress();
  }
}
