// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { RecvOptions, SendOptions } from "../api/options.js";
import type { EndedBy } from "../api/outcome.js";
import { IterableSink } from "../call/iterable-sink.js";
import { IteratorSource } from "../call/iterator-source.js";
import { afterTwoMacrotasks } from "../call/macrotask.js";
import type { Progress } from "../call/progress.js";
import { Receiver } from "../call/receiver.js";
import { Sender } from "../call/sender.js";
import type { QueueFill, QueueFills } from "../options/queues.js";
import type { CallQueues } from "../protocol/call-queues.js";
import { measureOf } from "../protocol/message-size.js";
import { toMessage } from "../protocol/to-message.js";
import { abortedBy, abortReason } from "./abort-reason.js";
import { type OnError, toClientError } from "./client-error.js";
import { plainContext } from "./context.js";
import { DeadlineSkew } from "./deadline-skew.js";
import type { ServerWatch } from "./observe.js";
import type { RunHandler, ServerCall } from "./server-call.js";

/** What an iterable call is made of. */
export interface IterableCallInit {
  readonly run: RunHandler;
  readonly input: AsyncIterable<object>;
  readonly method: DescMethodStreaming;
  readonly queues: CallQueues;
  readonly context: HandlerContext;
  readonly onError: OnError;
  /** The side that iterates, if it is one of ours. */
  readonly outer: Pick<ServerCall, "sendHeaders" | "queued"> | undefined;
  /** Who watches the call, where nobody does from further out. */
  readonly watch?: ServerWatch | undefined;
}

/**
 * A call between two async iterables: that of the requests, and one of the responses, which the
 * handler's streams fill. So handlers run behind interceptors, and on Connect's own adapters.
 */
export class IterableCall implements ServerCall {
  readonly context: HandlerContext;
  readonly output: AsyncIterable<object>;
  readonly #beyond: IterableCallInit["outer"];
  readonly #source: IteratorSource<object>;
  readonly #inbound: Receiver<object>;
  readonly #outbound: Sender<object>;
  readonly #sink: IterableSink<object>;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #skew: DeadlineSkew;
  readonly #onError: OnError;
  readonly #watch: ServerWatch | undefined;
  #ended = false;
  readonly #onAbort = (): void => {
    this.#clientLeft(abortReason(this.#outer));
  };

  constructor(init: IterableCallInit) {
    this.context = { ...plainContext(init.context), signal: this.#controller.signal };
    this.#beyond = init.outer;
    this.#onError = init.onError;
    this.#outer = init.context.signal;
    this.#skew = new DeadlineSkew(init.context.timeoutMs());
    this.#watch = init.watch;
    const tap = init.watch?.tap;
    this.#source = this.#createSource(init);
    this.#inbound = new Receiver(this.#source);
    this.#sink = this.#createSink(init);
    this.#outbound = new Sender(this.#sink, true, {
      bounds: init.queues.send,
      onWaited: tap?.waited,
    });
    this.output = this.#sink;
    this.#start(init.run);
  }

  recv(options?: RecvOptions): Promise<object | undefined> {
    return this.#inbound.recv(options);
  }

  send(message: object, options?: SendOptions): Promise<void> {
    this.#watch?.header(this);
    return this.#outbound.send(message, options);
  }

  /** Connect's adapters send the headers with the first message. */
  sendHeaders(): void {
    this.#beyond?.sendHeaders();
  }

  writable(): boolean {
    return this.#outbound.head === undefined && this.#sink.wanted;
  }

  progress(): Progress {
    const { taken, unread } = this.#source;
    const { written: sent } = this.#sink;
    return { sent, received: taken + unread.messages, taken, waiting: this.#outbound.head };
  }

  /** With what waits beyond the interceptors; what waits in an adapter of Connect is not known. */
  queued(): QueueFills {
    const beyond = this.#beyond?.queued();
    return {
      send: sum(this.#outbound.fill, beyond?.send),
      receive: sum(this.#source.unread, beyond?.receive),
    };
  }

  /** Ends the call, if it has not ended: nobody takes its responses any more. */
  abandon(): void {
    this.abort(new ConnectError("the call has ended", Code.Canceled));
  }

  #createSource({ input, method, queues }: IterableCallInit): IteratorSource<object> {
    return new IteratorSource(
      input,
      {
        onReady: () => {
          this.#watch?.tap?.received?.(0);
          this.#inbound.ready();
        },
        onEnd: () => afterTwoMacrotasks(() => this.#inbound.finish()),
        onError: (error) => this.#onInputError(error),
        onFault: (error) => this.abort(error),
      },
      { bounds: queues.receive, measure: measureOf(method.input, queues.receive) },
    );
  }

  #createSink({ method, queues }: IterableCallInit): IterableSink<object> {
    return new IterableSink<object>(
      (message) => toMessage(method.output, message),
      {
        onDrain: () => this.#outbound.drained(),
        onAbandoned: () => this.#clientLeft(clientGone()),
      },
      measureOf(method.output, queues.send),
      this.#watch?.tap?.sent,
    );
  }

  #start(run: RunHandler): void {
    if (this.#outer.aborted) return this.#onAbort();
    this.#outer.addEventListener("abort", this.#onAbort);
    const running = this.#watch ? this.#watch.run(() => run(this)) : run(this);
    running.then(
      () => this.#end(undefined),
      (thrown: unknown) => {
        const aborted = this.#ended ? abortReason(this.#controller.signal) : undefined;
        this.#end(toClientError(thrown, this.context, aborted, this.#onError));
      },
    );
  }

  /** The handler is done: what it sent goes out, then the end. */
  #end(error: ConnectError | undefined): void {
    if (!this.#close()) return;
    const ended = new ConnectError("the handler has returned", Code.Canceled);
    this.#inbound.finish(error ?? ended);
    this.#outbound.flush(ended, () => {
      this.#sink.end(error && { error });
      this.#watch?.header(this);
      this.#tellEnd("server", error);
    });
  }

  /** The call is over, whatever the handler does. */
  abort(error: ConnectError, by: EndedBy = "server"): void {
    if (!this.#close()) return;
    this.#inbound.finish(error);
    this.#outbound.close(error);
    this.#controller.abort(error);
    this.#sink.end({ error });
    this.#tellEnd(by, error);
  }

  /** Bytes are the adapter's business. */
  #tellEnd(by: EndedBy, error: ConnectError | undefined): void {
    if (!this.#watch) return;
    const { sent, received } = this.progress();
    const dropped = { sent: this.#outbound.fill.dropped, received: this.#source.unread.dropped };
    this.#watch.end(
      by,
      error,
      { messages: sent, bytes: 0, dropped: dropped.sent },
      { messages: received, bytes: 0, dropped: dropped.received },
    );
  }

  /** Whoever carries the messages takes care of the rest of the request. */
  refuse(error: ConnectError): void {
    this.abort(error);
  }

  #clientLeft(error: ConnectError): void {
    const reason = this.#skew.explain(error);
    this.abort(reason, abortedBy(reason));
  }

  #close(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#outer.removeEventListener("abort", this.#onAbort);
    return true;
  }

  #onInputError(error: unknown): void {
    // What Connect cannot parse or will not accept has a code; what broke on the way has none.
    if (error instanceof ConnectError) this.abort(error);
    else this.#clientLeft(clientGone(error));
  }
}

function clientGone(cause?: unknown): ConnectError {
  return new ConnectError("the client went away", Code.Canceled, undefined, undefined, cause);
}

function sum(a: QueueFill, b: QueueFill | undefined): QueueFill {
  if (!b) return a;
  return {
    messages: a.messages + b.messages,
    bytes: a.bytes + b.bytes,
    dropped: a.dropped + b.dropped,
  };
}
