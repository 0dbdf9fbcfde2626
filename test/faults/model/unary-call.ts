// SPDX-License-Identifier: Apache-2.0
import type { Transport } from "@connectrpc/connect";
import type { CallObserver, StreamCallOptions, StreamOutcome } from "connect-stream";
import { gate } from "../../support/gate.js";
import { createDeclaredServiceClient } from "../../support/gen/lab/v1/declared_stream.js";
import { createLabServiceClient } from "../../support/gen/lab/v1/lab_stream.js";
import type { AnyCall } from "./client-actor.js";
import { type Place, place } from "./place.js";
import type { Queued, Told } from "./trace.js";
import type { UnaryTraits } from "./unary.js";

/** A unary call, as the model has calls: its response is that of `closeAndRecv`. */
export class UnaryCall implements AnyCall {
  readonly header: Promise<Headers>;
  readonly trailer: Promise<Headers>;
  readonly outcome: Promise<StreamOutcome>;
  readonly queued: Queued = {};
  readonly #controller: AbortController;
  readonly #response: Promise<Place>;

  constructor(
    transport: Transport,
    { get, bytes }: UnaryTraits,
    options: StreamCallOptions,
    controller: AbortController,
    told: Told[],
  ) {
    const [header, trailer] = [gate<Headers>(), gate<Headers>()];
    const outcome = gate<StreamOutcome>();
    const observer = { open: () => observed(told, outcome.resolve) };
    const all = { ...options, onHeader: header.resolve, onTrailer: trailer.resolve };
    const request = place({ number: 0, bytes });
    this.#controller = controller;
    this.#response = get
      ? createDeclaredServiceClient(transport, { observer }).look(request, all)
      : createLabServiceClient(transport, { observer }).unary(request, all);
    this.header = this.#unlessFailed(header.promise);
    this.trailer = this.#unlessFailed(trailer.promise);
    this.outcome = outcome.promise;
  }

  closeAndRecv(): Promise<Place> {
    return this.#response;
  }

  close(): void {
    this.#controller.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Rejects as the call does. */
  #unlessFailed(headers: Promise<Headers>): Promise<Headers> {
    return Promise.race([headers, this.#response.then(() => headers)]);
  }
}

/** An observer of one call, which notes all that it is told. */
export function observed(told: Told[], onEnd: (outcome: StreamOutcome) => void): CallObserver {
  told.push("open");
  return {
    onHeader: () => void told.push("header"),
    onMessageSent: () => void told.push("sent"),
    onMessageReceived: () => void told.push("received"),
    onEnd(outcome) {
      told.push("end");
      onEnd(outcome);
    },
  };
}
