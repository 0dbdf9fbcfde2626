// SPDX-License-Identifier: Apache-2.0
import type { Transport } from "@connectrpc/connect";
import type { ClientStream, StreamCallOptions } from "connect-stream";
import { createLabServiceClient } from "../../support/gen/lab/v1/lab_stream.js";
import { createSequenceServiceClient } from "../../support/gen/lab/v1/sequence_stream.js";
import { type Place, place } from "./place.js";
import { BRIEFLY_MS } from "./puppet.js";
import type { ClientAct } from "./scenario.js";
import { look, note, noteSend, type Queued, settlementOf, type Trace, tick } from "./trace.js";
import { UnaryCall } from "./unary-call.js";

/** A client's stream of any kind. */
export interface AnyCall extends ClientStream {
  readonly queued: Queued;
  send?(message: Place): Promise<void>;
  recv?(options?: { timeoutMs?: number }): Promise<Place | undefined>;
  closeSend?(): Promise<void>;
  closeAndRecv?(): Promise<Place>;
}

/** Opens the call of a scenario, which `controller` can abort. */
export function openCall(
  { scenario, told }: Trace,
  transport: Transport,
  options: StreamCallOptions,
  controller: AbortController,
): AnyCall {
  const { kind, declared, unary } = scenario;
  const all = { ...options, signal: controller.signal };
  if (unary) return new UnaryCall(transport, unary, all, controller, told.client);
  const client = createLabServiceClient(transport);
  const declaring = createSequenceServiceClient(transport);
  if (kind === "upload" || kind === "chat") {
    return declared ? declaring[kind](declared, all) : client[kind](all);
  }
  return (declared ? declaring : client).download({}, all);
}

/** The client's side of a scenario. */
export class ClientActor {
  readonly #trace: Trace;
  readonly #call: AnyCall;
  readonly #controller: AbortController;
  readonly #ends: Promise<unknown>;
  #sent = 0;

  constructor(trace: Trace, call: AnyCall, controller: AbortController) {
    this.#trace = trace;
    this.#call = call;
    this.#controller = controller;
    this.#ends = Promise.all([
      settlementOf(call.header).then((header) => (trace.header = header)),
      settlementOf(call.trailer).then((trailer) => (trace.trailer = trailer)),
      call.outcome.then((outcome) => {
        trace.outcome = outcome;
        trace.outcomeAt = tick();
      }),
    ]);
  }

  do(act: ClientAct, bytes: number): void {
    const call = this.#call;
    switch (act) {
      case "send":
        return noteSend(
          this.#trace.client,
          act,
          { number: this.#sent++, bytes },
          {
            stream: call,
            send: (message) => call.send?.(place(message)),
            attentive: !this.#trace.scenario.inattentive,
          },
        );
      case "recv":
        return this.#note(act, call.recv?.());
      case "recv, briefly":
        return this.#note(act, call.recv?.({ timeoutMs: BRIEFLY_MS }));
      case "half-close":
        return this.#note(act, call.closeSend ? call.closeSend() : call.closeAndRecv?.());
      case "close":
        this.#trace.givenUpAt ??= tick();
        return call.close();
      case "abort":
        this.#trace.givenUpAt ??= tick();
        return this.#controller.abort();
    }
  }

  /** Does what a client does to learn how a call ends, and looks at everything. */
  async finish(): Promise<void> {
    if (this.#trace.scenario.kind !== "download") this.do("half-close", 0);
    while (this.#call.recv && !(await this.#atEnd()));
    await this.#ends;
    // After the end, everything has its answer at once.
    this.do("recv", 0);
    this.do("send", 0);
    await Promise.all(this.#trace.client.map(look));
    this.#trace.clientQueued = this.#call.queued;
  }

  async #atEnd(): Promise<boolean> {
    this.do("recv", 0);
    const last = this.#trace.client.at(-1);
    if (!last) return true;
    await look(last);
    return last.settlement?.status === "rejected" || last.settlement?.value === undefined;
  }

  #note(act: ClientAct, promise: Promise<unknown> | undefined): void {
    if (promise) note(this.#trace.client, act, promise, !this.#trace.scenario.inattentive);
  }
}
