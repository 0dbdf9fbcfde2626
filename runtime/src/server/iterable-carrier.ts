// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { Traffic } from "../api/outcome.js";
import { IterableSink } from "../call/iterable-sink.js";
import { IteratorSource } from "../call/iterator-source.js";
import { afterTwoMacrotasks } from "../call/macrotask.js";
import type { MessageSource } from "../call/receiver.js";
import type { QueueFill, QueueFills } from "../options/queues.js";
import { checkOf, measureOf } from "../protocol/message-size.js";
import { toMessage } from "../protocol/to-message.js";
import { abortedBy, abortReason } from "./abort-reason.js";
import { Call } from "./call.js";
import type { Carrier } from "./carrier.js";
import type { OnError } from "./client-error.js";
import { type AbortableContext, type ContextChanges, DerivedContext } from "./context.js";
import { DeadlineSkew } from "./deadline-skew.js";
import type { ServerObservation } from "./observe.js";
import type { CallLayers } from "./pipeline.js";
import type { ServerCall } from "./server-call.js";

/** What a call between iterables is made of. */
export interface IterableCallInit {
  readonly method: DescMethod;
  readonly layers: CallLayers;
  readonly input: AsyncIterable<object>;
  /** The context of whoever iterates, and what is another's in that of the handler. */
  readonly context: HandlerContext;
  readonly changes?: ContextChanges | undefined;
  readonly onError: OnError;
  /** The call around this one, if it is one of ours. */
  readonly outer?: Pick<ServerCall, "sendHeaders" | "queued" | "overran"> | undefined;
  /** Makes an observation of the call, where nobody further out has one. */
  readonly observe?: ((context: HandlerContext) => ServerObservation | undefined) | undefined;
}

/**
 * Carries a call between two async iterables: that of the requests, and one of the responses. So
 * handlers run behind interceptors, and on Connect's own adapters.
 */
export class IterableCarrier implements Carrier {
  readonly call: Call;
  readonly source: MessageSource<object>;
  readonly sink: IterableSink<object>;
  readonly #messages: IteratorSource<object>;
  readonly #context: AbortableContext;
  readonly #outer: IterableCallInit["outer"];
  readonly #outerSignal: AbortSignal;
  readonly #skew: DeadlineSkew;
  readonly #onAbort = (): void => this.#clientLeft(abortReason(this.#outerSignal));

  constructor(init: IterableCallInit) {
    const { context: outerContext, changes, layers, onError } = init;
    this.#context = new DerivedContext(outerContext, changes ?? {}, true);
    this.#outer = init.outer;
    this.#outerSignal = changes?.signal ?? outerContext.signal;
    this.#skew = new DeadlineSkew(outerContext.timeoutMs());
    const observation = init.observe?.(this.#context);
    const { hooks } = observation ?? {};
    this.#messages = this.#createSource(init, hooks?.received);
    this.source = this.#limitSource(init);
    this.sink = this.#createSink(init, hooks?.sent);
    const context = this.#context;
    this.call = new Call(this, {
      context,
      layers,
      onError,
      deadlineMs: undefined,
      observation,
      onOverrun: (overrun) => this.#outer?.overran(overrun),
    });
  }

  /** Runs the handler. */
  start(): void {
    if (this.#outerSignal.aborted) return this.#onAbort();
    this.#outerSignal.addEventListener("abort", this.#onAbort);
    this.call.start();
  }

  /** The responses. */
  get output(): AsyncIterable<object> {
    return this.sink;
  }

  /** Bytes are the adapter's business. */
  get sent(): Omit<Traffic, "dropped"> {
    return { messages: this.sink.written, bytes: 0 };
  }

  get received(): Traffic {
    const { messages, dropped } = this.#messages.unread;
    return { messages: this.#messages.taken + messages, bytes: 0, dropped };
  }

  get unread(): QueueFill {
    return this.#messages.unread;
  }

  get taken(): number {
    return this.#messages.taken;
  }

  get unsent(): number {
    return this.sink.unsent;
  }

  /** What waits in this call and in the one around it; what waits in Connect's adapter is not known. */
  queued(own: QueueFills): QueueFills {
    const outer = this.#outer?.queued();
    return { send: sum(own.send, outer?.send), receive: sum(own.receive, outer?.receive) };
  }

  /** Connect's adapters send the headers with the first message. */
  sendHeaders(): undefined {
    this.#outer?.sendHeaders();
  }

  stopReceiving(): void {
    this.#messages.stop();
  }

  /** Whoever carries the messages takes care of the rest of the request. */
  whenAnswerable(answer: () => void): void {
    answer();
  }

  end(error: ConnectError | undefined): ConnectError | undefined {
    this.sink.end(error && { error });
    return error;
  }

  reset(error: ConnectError): void {
    this.sink.fail(error);
  }

  close(): void {
    this.#outerSignal.removeEventListener("abort", this.#onAbort);
  }

  /** Ends the call, if it has not ended: nobody takes its responses any more. */
  abandon(): void {
    this.call.abort(new ConnectError("the call has ended", Code.Canceled));
  }

  #createSource(
    { input, method, layers }: IterableCallInit,
    onReceived: ((bytes: number) => void) | undefined,
  ): IteratorSource<object> {
    const { receive: bounds } = layers.queues;
    return new IteratorSource(
      input,
      {
        onReady: () => {
          onReceived?.(0);
          this.call.ready();
        },
        onEnd: () => afterTwoMacrotasks(() => this.call.requestEnded()),
        onError: (error) => this.#onInputError(error),
        onFault: (error) => this.call.abort(error),
      },
      { bounds, measure: measureOf(method.input, bounds) },
    );
  }

  /** Limits of size stand where messages come in and go out: heartbeats travel, too, and count. */
  #limitSource({ method, layers }: IterableCallInit): MessageSource<object> {
    const { readStreamMaxBytes } = layers.limits ?? {};
    const check = checkOf(method.input, { readStreamMaxBytes }, "read");
    if (!check) return this.#messages;
    return {
      take: () => {
        const message = this.#messages.take();
        return message && this.#findExcess(check, message) ? undefined : message;
      },
    };
  }

  /** What goes beyond a limit ends the call; what cannot be serialized does not. */
  #findExcess(check: (message: object) => void, message: object): ConnectError | undefined {
    try {
      check(message);
      return undefined;
    } catch (thrown) {
      const error = ConnectError.from(thrown, Code.Internal);
      if (error.code === Code.ResourceExhausted) this.call.abort(error);
      return error;
    }
  }

  #createSink(
    { method, layers }: IterableCallInit,
    onSent: ((bytes: number) => void) | undefined,
  ): IterableSink<object> {
    const { writeStreamMaxBytes } = layers.limits ?? {};
    const check = checkOf(method.output, { writeStreamMaxBytes }, "write");
    return new IterableSink<object>(
      (message) => {
        const whole = toMessage(method.output, message);
        const excess = check && this.#findExcess(check, whole);
        if (excess) throw excess;
        return whole;
      },
      {
        onDrain: () => this.call.drained(),
        onAbandoned: () => this.#clientLeft(clientGone()),
        onTaken: () => this.call.finished(),
      },
      measureOf(method.output, layers.queues.send),
      onSent,
    );
  }

  #clientLeft(error: ConnectError): void {
    const reason = this.#skew.explain(error);
    if (this.call.closed) return;
    this.sink.end({ error: reason });
    this.call.clientLeft(reason, abortedBy(reason));
  }

  #onInputError(error: unknown): void {
    // What Connect cannot parse or will not accept has a code; what broke on the way has none.
    if (error instanceof ConnectError) this.call.abort(error);
    else this.#clientLeft(clientGone(error));
  }
}

function clientGone(cause?: unknown): ConnectError {
  return new ConnectError("the client disconnected", Code.Canceled, undefined, undefined, cause);
}

function sum(a: QueueFill, b: QueueFill | undefined): QueueFill {
  if (!b) return a;
  return {
    messages: a.messages + b.messages,
    bytes: a.bytes + b.bytes,
    dropped: a.dropped + b.dropped,
  };
}
