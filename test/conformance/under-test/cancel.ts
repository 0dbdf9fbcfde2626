// SPDX-License-Identifier: Apache-2.0
import type { ClientCompatRequest } from "../../../.tmp/conformance/gen/connectrpc/conformance/v1/client_compat_pb.js";

/** When a request is to be cancelled, if at all. */
export class CancelPlan {
  readonly #timing: NonNullable<ClientCompatRequest["cancel"]>["cancelTiming"] | undefined;
  readonly #controller = new AbortController();

  constructor({ cancel }: ClientCompatRequest) {
    // A cancel without timing is one at once after the half-close.
    this.#timing =
      cancel?.cancelTiming.case === undefined && cancel
        ? { case: "afterCloseSendMs", value: 0 }
        : cancel?.cancelTiming;
  }

  /** For the call's options. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Streams are cancelled with `close` where the moment is known, so that both ways are tested. */
  beforeCloseSend(stream: { close(): void }): void {
    if (this.#timing?.case === "beforeCloseSend") stream.close();
  }

  afterResponses(count: number, stream: { close(): void }): void {
    if (this.#timing?.case === "afterNumResponses" && this.#timing.value === count) stream.close();
  }

  afterCloseSend(): void {
    if (this.#timing?.case !== "afterCloseSendMs") return;
    setTimeout(() => this.#controller.abort(), this.#timing.value);
  }
}
