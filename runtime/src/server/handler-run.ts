// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";
import { type OnError, report, toClientError } from "./client-error.js";
import type { CallLayers } from "./pipeline.js";
import type { ServerCall } from "./server-call.js";

/** A call, as the run of its handler needs it. */
export interface HandledCall extends ServerCall {
  readonly layers: CallLayers;
  readonly onError: OnError;
  /** Why the call has ended, for whoever still receives or sends. */
  readonly reason: ConnectError | undefined;
  /** The handler has returned, or thrown: `error` is what the client is told. */
  handled(error: ConnectError | undefined): void;
}

/**
 * The handler of a call. It may go on after the call has ended, and something may send for it after it has
 * returned: `onError` hears of either, once.
 */
export class HandlerRun {
  readonly #call: HandledCall;
  #running = true;
  /** The handler's return has ended the call, and nothing has been sent since. */
  #quiet = false;
  #overrunTimer: ReturnType<typeof setTimeout> | undefined;
  /** Resolves what an observer of an overrun may wait for. */
  #onEnded: (() => void) | undefined;

  constructor(call: HandledCall) {
    this.#call = call;
  }

  /** Runs the handler. To be called once. */
  start(): void {
    this.#call.layers.run(this.#call).then(
      () => this.#returned(undefined),
      (thrown: unknown) => this.#returned(this.#errorOf(thrown)),
    );
  }

  /** The handler's return has ended the call: what is sent from now on is a mistake. */
  endedCall(): void {
    this.#quiet = true;
  }

  /** The call has ended for `reason`: a handler that still runs should return soon. */
  callEnded(reason: ConnectError | undefined): void {
    const { overrunMs } = this.#call.layers;
    if (!this.#running || !overrunMs) return;
    this.#overrunTimer = setTimeout(() => this.#overran(overrunMs, reason), overrunMs);
    unref(this.#overrunTimer);
  }

  /** A message is sent. */
  sending(): void {
    if (!this.#quiet) return;
    // Once: a timer or an event would do it again and again.
    this.#quiet = false;
    this.#report("sent a message after it had returned: stop what sends before that");
  }

  #returned(error: ConnectError | undefined): void {
    this.#running = false;
    if (this.#overrunTimer !== undefined) clearTimeout(this.#overrunTimer);
    this.#onEnded?.();
    this.#call.handled(error);
  }

  #errorOf(thrown: unknown): ConnectError {
    const { context, reason, onError } = this.#call;
    return toClientError(thrown, context, reason, onError);
  }

  #overran(ms: number, reason: ConnectError | undefined): void {
    const ended = new Promise<void>((resolve) => {
      this.#onEnded = resolve;
    });
    this.#report(
      `goes on ${ms} ms after the end of its call: pass context.signal to what it waits for`,
      reason,
    );
    this.#call.overran({ ms, ended });
  }

  #report(text: string, cause?: ConnectError): void {
    const { context, onError } = this.#call;
    const { service, method } = context;
    const name = `${service.typeName}.${method.name}`;
    const error = new Error(`the handler of ${name} ${text}`, cause && { cause });
    report(error, context, onError);
  }
}

/** To warn is no reason for a process of Node to live on. Elsewhere timers are numbers. */
function unref(timer: unknown): void {
  if (typeof timer !== "object" || timer === null || !("unref" in timer)) return;
  if (typeof timer.unref === "function") timer.unref();
}
