// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming } from "@bufbuild/protobuf";
import { Code, type ConnectError, type StreamResponse, type Transport } from "@connectrpc/connect";
import type { Traffic } from "../outcome.js";
import { toMessage } from "../protocol/normalize.js";
import type { MessageSource } from "../stream/inbound.js";
import { IterableSink } from "../stream/iterable-sink.js";
import { IteratorSource } from "../stream/iterator-source.js";
import type { MessageSink } from "../stream/outbound.js";
import { abortError } from "../stream/settle.js";
import { type Carrier, ClientCall } from "./call.js";
import type { CallInit, ClientSide } from "./side.js";
import { transportError } from "./transport-error.js";

/** Opens a call on any Connect transport, between its two async iterables. */
export function openOnTransport(
  transport: Transport,
  method: DescMethodStreaming,
  init: CallInit,
): ClientSide {
  return new IterableCarrier(transport, method, init).call;
}

class IterableCarrier implements Carrier, MessageSource<object>, MessageSink<object, object> {
  readonly call: ClientCall<object>;
  readonly #sink: IterableSink<object>;
  /** Connect does not cancel a call whose response is left early, so the call has its own signal. */
  readonly #controller = new AbortController();
  #source: IteratorSource<object> | undefined;
  #sent = 0;
  #received = 0;

  constructor(transport: Transport, method: DescMethodStreaming, init: CallInit) {
    this.call = new ClientCall(this, this, this);
    this.#sink = new IterableSink<object>((message) => toMessage(method.input, message), {
      onDrain: () => this.call.drained(),
      // The call ends with the response; a transport that needs no more requests says nothing.
      onAbandoned: () => undefined,
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
    return { messages: this.#received, bytes: 0 };
  }

  take(): object | undefined {
    const message = this.#source?.take();
    if (message) this.#received++;
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
        init.timeoutMs,
        init.headers,
        this.#sink as AsyncIterable<object> as Parameters<Transport["stream"]>[4],
        init.contextValues,
      )
      .then(
        (response) => this.#onResponse(response),
        (error: unknown) => this.#onError(error),
      );
  }

  #onResponse({ header, trailer, message }: StreamResponse): void {
    this.call.gotHeader(header);
    this.#source = new IteratorSource<object>(message, {
      onReady: () => this.call.ready(),
      onEnd: () => {
        this.call.settle("server", trailer);
        this.#end();
      },
      onError: (error) => this.#onError(error),
    });
    this.call.ready();
  }

  #onError(thrown: unknown): void {
    const { signal } = this.#controller;
    const error = signal.aborted ? abortError(signal) : transportError(thrown);
    const byDeadline =
      error.code === Code.DeadlineExceeded && error.metadata.get("content-type") === null;
    const lost = error.code === Code.Unavailable && error.cause !== undefined;
    this.call.settle(lost ? "connection" : byDeadline ? "deadline" : "server", undefined, error);
    this.#end();
  }

  #end(): void {
    this.call.finished();
    this.#sink.end();
  }
}
