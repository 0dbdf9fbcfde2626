// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming } from "@bufbuild/protobuf";
import { Code, type ConnectError, type StreamResponse, type Transport } from "@connectrpc/connect";
import type { Traffic } from "../outcome.js";
import { toMessage } from "../protocol/normalize.js";
import { CONNECT_ES_MAX_TIMEOUT_MS } from "../protocol/timeout-header.js";
import type { MessageSource } from "../stream/inbound.js";
import { IterableSink } from "../stream/iterable-sink.js";
import { IteratorSource } from "../stream/iterator-source.js";
import type { MessageSink } from "../stream/outbound.js";
import { abortError } from "../stream/settle.js";
import { type Carrier, ClientCall } from "./call.js";
import { limited } from "./limited.js";
import { wrongCount } from "./one-response.js";
import type { CallInit, ClientSide } from "./side.js";
import { streamError } from "./transport-error.js";

/** Opens a call on any Connect transport, between its two async iterables. */
export function openOnTransport(
  transport: Transport,
  method: DescMethodStreaming,
  init: CallInit,
): ClientSide {
  return limited(new IterableCarrier(transport, method, init).call, method, init.limits);
}

/**
 * Messages to pull before somebody asks, so that those who do not receive learn how the call has
 * ended, too: one message, or the one response and the end after it.
 */
const readAhead: Record<DescMethodStreaming["methodKind"], number> = {
  server_streaming: 1,
  client_streaming: 2,
  bidi_streaming: 1,
};

class IterableCarrier implements Carrier, MessageSource<object>, MessageSink<object, object> {
  readonly call: ClientCall<object>;
  readonly #sink: IterableSink<object>;
  /** Connect does not cancel a call whose response is left early, so the call has its own signal. */
  readonly #controller = new AbortController();
  #source: IteratorSource<object> | undefined;
  #sent = 0;
  #taken = 0;
  /** The transport takes no more requests. */
  #abandoned = false;

  constructor(transport: Transport, method: DescMethodStreaming, init: CallInit) {
    this.call = new ClientCall(this, this, this);
    this.#sink = new IterableSink<object>((message) => toMessage(method.input, message), {
      onDrain: () => this.call.drained(),
      onAbandoned: () => {
        this.#abandoned = true;
        this.#refuseSends();
      },
    });
    const { timeoutMs } = init;
    const deadline = timeoutMs !== undefined && timeoutMs > 0 ? timeoutMs : undefined;
    this.call.watch(init.signal, deadline);
    this.#start(transport, method, init);
    this.call.drained();
  }

  /** Bytes are the transport's business. */
  get sent(): Traffic {
    return { messages: this.#sent, bytes: 0 };
  }

  get received(): Traffic {
    return { messages: this.#taken + (this.#source?.held ?? 0), bytes: 0 };
  }

  get taken(): number {
    return this.#taken;
  }

  take(): object | undefined {
    const message = this.#source?.take();
    if (message) this.#taken++;
    else if (this.call.ended) this.#end();
    return message;
  }

  encode(message: object): object {
    return this.#sink.encode(message);
  }

  write(message: object): boolean {
    this.#sent++;
    return this.#sink.write(message);
  }

  endSend(): void {
    this.#sink.end();
  }

  cancel(error: ConnectError): void {
    this.#controller.abort(error);
    this.#sink.end({ error });
  }

  #start(transport: Transport, method: DescMethodStreaming, init: CallInit): void {
    if (this.call.ended) return;
    transport
      .stream(
        method,
        this.#controller.signal,
        // A deadline that the transport cannot hold is kept by this side alone.
        init.timeoutMs && init.timeoutMs > CONNECT_ES_MAX_TIMEOUT_MS ? 0 : init.timeoutMs,
        init.headers,
        this.#sink as AsyncIterable<object> as Parameters<Transport["stream"]>[4],
        init.contextValues,
      )
      .then(
        (response) => this.#onResponse(method, response),
        (error: unknown) => this.#onError(method, error),
      );
  }

  #onResponse(method: DescMethodStreaming, { header, trailer, message }: StreamResponse): void {
    this.call.gotHeader(header);
    this.#source = new IteratorSource<object>(
      message,
      {
        onReady: () => {
          this.call.ready();
          this.#refuseSends();
        },
        onEnd: () => {
          const { messages } = this.received;
          this.call.settle("server", trailer, wrongCount(method, messages));
          this.#endIfTaken();
        },
        onError: (error) => this.#onError(method, error),
      },
      readAhead[method.methodKind],
    );
    this.call.ready();
  }

  #onError(method: DescMethodStreaming, thrown: unknown): void {
    const { signal } = this.#controller;
    const error = signal.aborted ? abortError(signal) : streamError(thrown, method);
    const byDeadline =
      error.code === Code.DeadlineExceeded && error.metadata.get("content-type") === null;
    const lost = error.code === Code.Unavailable && error.cause !== undefined;
    this.call.settle(lost ? "connection" : byDeadline ? "deadline" : "server", undefined, error);
    this.#endIfTaken();
  }

  /** How the call ended is known when what was received before has been taken: too late to send. */
  #refuseSends(): void {
    if (this.#abandoned && this.#source?.held) this.call.refuseSends();
  }

  #endIfTaken(): void {
    if (!this.#source?.held) this.#end();
  }

  #end(): void {
    this.call.finished();
    this.#sink.end();
  }
}
