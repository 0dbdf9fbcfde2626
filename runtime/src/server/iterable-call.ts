// SPDX-License-Identifier: Apache-2.0
import type { DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { RecvOptions, SendOptions } from "../options.js";
import { toMessage } from "../protocol/normalize.js";
import { Inbound } from "../stream/inbound.js";
import { IterableSink } from "../stream/iterable-sink.js";
import { IteratorSource } from "../stream/iterator-source.js";
import { Outbound } from "../stream/outbound.js";
import type { Progress } from "../stream/progress.js";
import { afterTwoTurns } from "../stream/turns.js";
import { abortReason } from "./abort-reason.js";
import { answerFor, type OnError } from "./failure.js";
import type { RunHandler, ServerSide } from "./side.js";

/** What an iterable call is made of. */
export interface IterableCallInit {
  readonly run: RunHandler;
  readonly input: AsyncIterable<object>;
  readonly output: DescMessage;
  readonly context: HandlerContext;
  readonly onError: OnError;
  /** Sends the response headers, where whoever iterates can. */
  readonly sendHeaders: () => void;
}

/**
 * A call between two async iterables: that of the requests, and one of the responses, which the
 * handler's streams fill. So handlers run behind interceptors, and on Connect's own adapters.
 */
export class IterableCall implements ServerSide {
  readonly context: HandlerContext;
  readonly output: AsyncIterable<object>;
  readonly sendHeaders: () => void;
  readonly #source: IteratorSource<object>;
  readonly #inbound: Inbound<object>;
  readonly #outbound: Outbound<object>;
  readonly #sink: IterableSink<object>;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #onError: OnError;
  #ended = false;
  readonly #onAbort = (): void => this.abort(abortReason(this.#outer));

  constructor(init: IterableCallInit) {
    this.context = { ...flatten(init.context), signal: this.#controller.signal };
    this.sendHeaders = init.sendHeaders;
    this.#onError = init.onError;
    this.#outer = init.context.signal;
    this.#source = new IteratorSource(init.input, {
      onReady: () => this.#inbound.ready(),
      onEnd: () => afterTwoTurns(() => this.#inbound.finish()),
      onError: (error) => this.#onInputError(error),
    });
    this.#inbound = new Inbound(this.#source);
    this.#sink = new IterableSink<object>((message) => toMessage(init.output, message), {
      onDrain: () => this.#outbound.drained(),
      onAbandoned: () => this.abort(new ConnectError("the client went away", Code.Canceled)),
    });
    this.#outbound = new Outbound(this.#sink, true);
    this.output = this.#sink;
    this.#start(init.run);
  }

  recv(options?: RecvOptions): Promise<object | undefined> {
    return this.#inbound.recv(options);
  }

  send(message: object, options?: SendOptions): Promise<void> {
    return this.#outbound.send(message, options);
  }

  progress(): Progress {
    const { taken, held } = this.#source;
    const { written: sent } = this.#sink;
    return { sent, received: taken + held, taken, waiting: this.#outbound.head };
  }

  /** Ends the call, if it has not ended: nobody takes its responses any more. */
  abandon(): void {
    this.abort(new ConnectError("the call has ended", Code.Canceled));
  }

  #start(run: RunHandler): void {
    if (this.#outer.aborted) return this.#onAbort();
    this.#outer.addEventListener("abort", this.#onAbort);
    run(this).then(
      () => this.#end(undefined),
      (thrown: unknown) => {
        const aborted = this.#ended ? abortReason(this.#controller.signal) : undefined;
        this.#end(answerFor(thrown, this.context, aborted, this.#onError));
      },
    );
  }

  /** The handler is done: what it sent goes out, then the end. */
  #end(error: ConnectError | undefined): void {
    if (!this.#close()) return;
    const ended = new ConnectError("the handler has returned", Code.Canceled);
    this.#inbound.finish(error ?? ended);
    this.#outbound.flush(ended, () => this.#sink.end(error && { error }));
  }

  /** The call is over, whatever the handler does. */
  abort(error: ConnectError): void {
    if (!this.#close()) return;
    this.#inbound.finish(error);
    this.#outbound.close(error);
    this.#controller.abort(error);
    this.#sink.end({ error });
  }

  #close(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#outer.removeEventListener("abort", this.#onAbort);
    return true;
  }

  #onInputError(error: unknown): void {
    // What Connect cannot parse or will not accept has a code; what broke on the way has none.
    this.abort(
      error instanceof ConnectError
        ? error
        : new ConnectError("the client went away", Code.Canceled, undefined, undefined, error),
    );
  }
}

/** Contexts may be class instances, whose accessors a spread would lose. */
function flatten(context: HandlerContext): HandlerContext {
  return {
    method: context.method,
    service: context.service,
    signal: context.signal,
    timeoutMs: context.timeoutMs,
    requestMethod: context.requestMethod,
    requestHeader: context.requestHeader,
    responseHeader: context.responseHeader,
    responseTrailer: context.responseTrailer,
    protocolName: context.protocolName,
    values: context.values,
    url: context.url,
  };
}
