// SPDX-License-Identifier: Apache-2.0
import {
  type Attributes,
  type Context,
  context,
  type Span,
  SpanStatusCode,
} from "@opentelemetry/api";
import { ATTR_ERROR_TYPE, ATTR_RPC_STATUS_CODE } from "@opentelemetry/semantic-conventions";
import type { CallObserver, HandlerOverrun, ObservedCall } from "../api/observer.js";
import type { StreamOutcome } from "../api/outcome.js";
import { isConventionalError, rpcAttributes, statusCode } from "./attributes.js";
import type { Tally } from "./counters.js";
import type { Instruments } from "./instruments.js";
import {
  ATTR_ATTEMPTS,
  ATTR_ENDED_BY,
  ATTR_RECEIVED_BYTES,
  ATTR_RECEIVED_MESSAGES,
  ATTR_SENT_BYTES,
  ATTR_SENT_MESSAGES,
} from "./names.js";
import type { OtelObserverOptions } from "./options.js";

/** What one call is told to. */
export interface OtelCallInit {
  readonly call: ObservedCall;
  readonly span: Span;
  /** The context with that span. */
  readonly within: Context;
  /** Attributes of the duration. */
  readonly attributes: Attributes;
  readonly instruments: Instruments;
  readonly isError: OtelObserverOptions["isError"];
}

/** A call as a span and a duration. */
export class OtelCall implements CallObserver {
  protected readonly init: OtelCallInit;

  constructor(init: OtelCallInit) {
    this.init = init;
  }

  run(next: () => void): void {
    context.with(this.init.within, next);
  }

  onOverrun(overrun: HandlerOverrun): void {
    const { call, instruments } = this.init;
    instruments.overruns?.add(overrun, rpcAttributes(call));
  }

  onEnd(outcome: StreamOutcome): void {
    try {
      this.#conclude(outcome);
    } finally {
      this.init.span.end();
    }
  }

  #conclude(outcome: StreamOutcome): void {
    const { span, within, attributes, instruments } = this.init;
    const status = this.#statusOf(outcome);
    const attempts = outcome.attempts > 1 ? { [ATTR_ATTEMPTS]: outcome.attempts } : {};
    span.setAttributes({ ...status, ...attempts, [ATTR_ENDED_BY]: outcome.endedBy });
    if (ATTR_ERROR_TYPE in status) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.error?.rawMessage ?? "" });
    }
    instruments.duration.record(outcome.durationMs / 1000, { ...attributes, ...status }, within);
  }

  #statusOf(outcome: StreamOutcome): Attributes {
    const { call, isError } = this.init;
    const { code } = outcome;
    const status = statusCode(call, code);
    if (status === undefined) return {};
    const failed =
      code !== undefined && (isError?.(outcome, call) ?? isConventionalError(call, code));
    return { [ATTR_RPC_STATUS_CODE]: status, ...(failed && { [ATTR_ERROR_TYPE]: status }) };
  }
}

/** A streaming call, of which there is more to tell. */
export class OtelStream extends OtelCall {
  readonly #tally: Tally;
  readonly #startedAt: number = performance.now();
  #answered = false;

  constructor(init: OtelCallInit) {
    super(init);
    this.#tally = init.instruments.tallyOf(init.call);
    this.#tally.open++;
  }

  onMessageSent(bytes: number): void {
    this.#tally.sentMessages++;
    this.#tally.sentBytes += bytes;
    if (!this.#answered && this.init.call.side === "server") this.#gotAnswer();
  }

  onMessageReceived(bytes: number): void {
    this.#tally.receivedMessages++;
    this.#tally.receivedBytes += bytes;
    if (!this.#answered && this.init.call.side === "client") this.#gotAnswer();
  }

  onSendWait(ms: number): void {
    const { instruments, within } = this.init;
    instruments.sendWait.record(ms / 1000, this.#tally.attributes, within);
  }

  override onEnd(outcome: StreamOutcome): void {
    const { call, span } = this.init;
    this.#tally.open--;
    this.#tally.ended(outcome.endedBy, statusCode(call, outcome.code));
    span.setAttributes({
      [ATTR_SENT_MESSAGES]: outcome.sent.messages,
      [ATTR_SENT_BYTES]: outcome.sent.bytes,
      [ATTR_RECEIVED_MESSAGES]: outcome.received.messages,
      [ATTR_RECEIVED_BYTES]: outcome.received.bytes,
    });
    super.onEnd(outcome);
  }

  #gotAnswer(): void {
    this.#answered = true;
    const { instruments, within } = this.init;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    instruments.firstMessage.record(seconds, this.#tally.attributes, within);
  }
}
