// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming } from "@bufbuild/protobuf";
import { Code, ConnectError, type StreamResponse, type Transport } from "@connectrpc/connect";
import type { Traffic } from "../api/outcome.js";
import { abortError } from "../call/abort.js";
import type { Bounds } from "../call/bounds.js";
import { IterableSink } from "../call/iterable-sink.js";
import { IteratorSource } from "../call/iterator-source.js";
import type { MessageSource } from "../call/receiver.js";
import type { MessageSink } from "../call/sender.js";
import type { QueueFill } from "../options/queues.js";
import { type Check, checkOf, measureOf } from "../protocol/message-size.js";
import { CONNECT_ES_MAX_TIMEOUT_MS } from "../protocol/timeout-header.js";
import { toMessage } from "../protocol/to-message.js";
import { Call, type Carrier } from "./call.js";
import { checkSingleResponse } from "./check-single-response.js";
import type { CallInit, ClientCall } from "./client-call.js";
import { limited } from "./limited.js";
import { failedBy, streamError } from "./transport-error.js";

/** Opens a call on any Connect transport, between its two async iterables. */
export function openOnTransport(
  transport: Transport,
  method: DescMethodStreaming,
  init: CallInit,
): ClientCall {
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

const nothing: QueueFill = { messages: 0, bytes: 0, dropped: 0 };

class IterableCarrier implements Carrier, MessageSource<object>, MessageSink<object, object> {
  readonly call: Call<object>;
  readonly #method: DescMethodStreaming;
  readonly #bounds: Bounds | undefined;
  readonly #sink: IterableSink<object>;
  /** Before 2.3, Connect goes on with a call whose response is left early: it has a signal of its own. */
  readonly #controller = new AbortController();
  readonly #received: ((bytes: number) => void) | undefined;
  /** What may be received. It stands where messages come in: heartbeats travel, too, and count. */
  readonly #check: Check | undefined;
  #source: IteratorSource<object> | undefined;
  /** The transport takes no more requests. */
  #abandoned = false;

  constructor(transport: Transport, method: DescMethodStreaming, init: CallInit) {
    const { send, receive } = init.queues;
    this.#method = method;
    this.#bounds = receive;
    this.#check = init.limits && checkOf(method.output, init.limits, "read");
    const { watch } = init;
    this.#received = watch?.tap?.received;
    this.call = new Call(this, this, this, send, watch, init.skip);
    this.#sink = new IterableSink<object>(
      (message) => toMessage(method.input, message),
      {
        onDrain: () => this.call.drained(),
        onAbandoned: () => {
          this.#abandoned = true;
          this.#refuseSends();
        },
      },
      measureOf(method.input, send),
      watch?.tap?.sent,
    );
    const { timeoutMs } = init;
    const deadline = timeoutMs !== undefined && timeoutMs > 0 ? timeoutMs : undefined;
    this.call.watch(init.signal, deadline);
    this.#start(transport, init);
    this.call.drained();
  }

  /** Bytes are the transport's business. */
  get sent(): Carrier["sent"] {
    return { messages: this.#sink.written, bytes: 0 };
  }

  get received(): Traffic {
    const { messages, dropped } = this.unread;
    return { messages: this.taken + messages, bytes: 0, dropped };
  }

  get unread(): QueueFill {
    return this.#source?.unread ?? nothing;
  }

  get taken(): number {
    return this.#source?.taken ?? 0;
  }

  get size(): number {
    return this.#sink.size;
  }

  take(): object | undefined {
    const message = this.#source?.take();
    if (!message && this.call.ended) this.#end();
    return message && this.#fits(message) ? message : undefined;
  }

  encode(message: object): object {
    return this.#sink.encode(message);
  }

  write(message: object): boolean {
    return this.#sink.write(message);
  }

  endSend(): void {
    this.#sink.end();
  }

  cancel(error: ConnectError): void {
    this.#controller.abort(error);
    this.#sink.end({ error });
  }

  /** As where messages are bytes, one that goes beyond a limit ends the call. */
  #fits(message: object): boolean {
    try {
      this.#check?.(message);
      return true;
    } catch (thrown) {
      this.call.broken(ConnectError.from(thrown, Code.Internal));
      return false;
    }
  }

  #start(transport: Transport, init: CallInit): void {
    if (this.call.ended) return;
    transport
      .stream(
        this.#method,
        this.#controller.signal,
        // A deadline that the transport cannot hold is kept by this side alone.
        init.timeoutMs && init.timeoutMs > CONNECT_ES_MAX_TIMEOUT_MS ? 0 : init.timeoutMs,
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
    const method = this.#method;
    const bounds = this.#bounds;
    this.call.gotHeader(header);
    this.#source = new IteratorSource<object>(
      message,
      {
        onReady: () => {
          if (!this.call.ended) this.#received?.(0);
          this.call.ready();
          this.#refuseSends();
        },
        onEnd: () => {
          const { messages } = this.received;
          this.call.settle("server", trailer, checkSingleResponse(method, messages));
          this.#endIfTaken();
        },
        onError: (error) => this.#onError(error),
        onFault: (error) => this.call.broken(error),
      },
      { ahead: readAhead[method.methodKind], bounds, measure: measureOf(method.output, bounds) },
    );
    this.call.ready();
  }

  #onError(thrown: unknown): void {
    const { signal } = this.#controller;
    const error = signal.aborted ? abortError(signal) : streamError(thrown, this.#method);
    this.call.settle(failedBy(error), undefined, error);
    this.#endIfTaken();
  }

  /** How the call ended is known when what was received before has been taken: too late to send. */
  #refuseSends(): void {
    if (this.#abandoned && this.unread.messages > 0) this.call.refuseSends();
  }

  #endIfTaken(): void {
    if (this.unread.messages === 0) this.#end();
  }

  #end(): void {
    this.call.finished();
    this.#sink.end();
  }
}
