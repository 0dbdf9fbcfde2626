// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import type { ConnectError, HandlerContext } from "@connectrpc/connect";
import type { HandlerOverrun, ObservedCall, Peer, RpcObserver } from "../api/observer.js";
import type { EndedBy, Traffic } from "../api/outcome.js";
import type { MessageHooks } from "../call/message-hooks.js";
import { type CallObservation, observeCall } from "../observe/call-observation.js";
import { attemptOf, PREVIOUS_ATTEMPTS } from "../protocol/previous-attempts.js";
import type { RequestHead } from "./context.js";

/** Tells an observer of one call of a handler. */
export class ServerObservation {
  readonly #call: CallObservation;
  readonly #attempt: number;
  readonly #startedAt: number = performance.now();

  private constructor(call: CallObservation, attempt: number) {
    this.#call = call;
    this.#attempt = attempt;
  }

  /** `undefined` if nobody watches. `head`: that of the request, where a wire has it. */
  static open(
    observer: RpcObserver | undefined,
    context: HandlerContext,
    head?: RequestHead,
  ): ServerObservation | undefined {
    if (!observer) return undefined;
    const call = observeCall(observer, new ServedCall(context, head?.peer));
    if (!call) return undefined;
    const previous = head
      ? head.get(PREVIOUS_ATTEMPTS)
      : context.requestHeader.get(PREVIOUS_ATTEMPTS);
    return new ServerObservation(call, attemptOf(previous));
  }

  get hooks(): MessageHooks | undefined {
    return this.#call.hooks;
  }

  run<T>(next: () => T): T {
    return this.#call.run(next);
  }

  /** The response headers go out. */
  header(context: HandlerContext): void {
    this.#call.header?.(context.responseHeader);
  }

  /** The handler goes on after that. */
  overran(overrun: HandlerOverrun): void {
    this.#call.overrun?.(overrun);
  }

  /** The call is over. To be called once. */
  end(endedBy: EndedBy, error: ConnectError | undefined, sent: Traffic, received: Traffic): void {
    const durationMs = performance.now() - this.#startedAt;
    const traffic = { sent, received, durationMs, attempts: this.#attempt };
    this.#call.end?.({ code: error?.code, error, endedBy, ...traffic });
  }
}

/** A call, as observers see it. Headers are converted only for those who look at them. */
class ServedCall implements ObservedCall {
  readonly side = "server";
  readonly peer: Peer | undefined;
  readonly #context: HandlerContext;

  constructor(context: HandlerContext, peer: Peer | undefined) {
    this.#context = context;
    this.peer = peer;
  }

  get method(): DescMethod {
    return this.#context.method;
  }

  get protocol(): ObservedCall["protocol"] {
    const { protocolName } = this.#context;
    return protocols.find((name) => name === protocolName);
  }

  get url(): string {
    return this.#context.url;
  }

  get requestHeader(): Headers {
    return this.#context.requestHeader;
  }
}

const protocols = ["grpc", "grpc-web", "connect"] as const;
