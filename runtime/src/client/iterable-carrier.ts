// SPDX-License-Identifier: Apache-2.0
import { ConnectError, type StreamResponse, type Transport } from "@connectrpc/connect";
import type { Traffic } from "../api/outcome.js";
import { abortError } from "../call/abort.js";
import type { Bounds } from "../call/bounds.js";
import { IterableSink } from "../call/iterable-sink.js";
import { IteratorSource } from "../call/iterator-source.js";
import type { StreamLimits } from "../options/limits.js";
import type { QueueFill } from "../options/queues.js";
import { incomingFields } from "../protocol/fields.js";
import type { MessageSizes } from "../protocol/message-size.js";
import { type RpcMethod, rpcKinds } from "../protocol/method-kind.js";
import { CONNECT_ES_MAX_TIMEOUT_MS } from "../protocol/timeout-header.js";
import { toMessage } from "../protocol/to-message.js";
import { Call, type Carrier } from "./call.js";
import type { CallInit, CreateOpener } from "./client-call.js";
import { type OpenStream, streamOf, unaryAsStream } from "./open-stream.js";
import { callError, failedBy, wasReset } from "./transport-error.js";
import { checkSingleResponse } from "./unary.js";

/**
 * Opens calls on any Connect transport, between its two async iterables. `sizes`: needed for limits of
 * size, and for queues whose bytes count.
 */
export function openerOnTransport(
  transport: Transport,
  sizes: MessageSizes | undefined,
): CreateOpener {
  return (method, limits) => (init) =>
    new IterableCarrier(transport, method, init, limits, sizes).call;
}

const nothing: QueueFill = { messages: 0, bytes: 0, dropped: 0 };

class IterableCarrier implements Carrier<object> {
  readonly call: Call<object>;
  readonly #method: RpcMethod;
  readonly #bounds: Bounds | undefined;
  readonly #sizes: MessageSizes | undefined;
  readonly #sink: IterableSink<object>;
  /** Before 2.3, Connect goes on with a call whose response is left early: it has a signal of its own. */
  readonly #controller = new AbortController();
  readonly #received: ((bytes: number) => void) | undefined;
  #source: IteratorSource<object> | undefined;
  /** The transport takes no more requests. */
  #abandoned = false;

  constructor(
    transport: Transport,
    method: RpcMethod,
    init: CallInit,
    limits: StreamLimits | undefined,
    sizes: MessageSizes | undefined,
  ) {
    const { send, receive } = init.queues;
    this.#method = method;
    this.#bounds = receive;
    this.#sizes = sizes;
    const { observation } = init;
    this.#received = observation?.hooks?.received;
    this.call = new Call(method, this, init, {
      read: limits && sizes?.checkOf(method.output, limits, "read"),
      write: limits && sizes?.checkOf(method.input, limits, "write"),
    });
    this.#sink = new IterableSink<object>(
      (message) => toMessage(method.input, message),
      {
        onDrain: () => this.call.drained(),
        onAbandoned: () => {
          this.#abandoned = true;
          this.#refuseSends();
        },
      },
      sizes?.measureOf(method.input, send),
      observation?.hooks?.sent,
    );
    const { timeoutMs } = init;
    const deadline = timeoutMs !== undefined && timeoutMs > 0 ? timeoutMs : undefined;
    this.call.startDeadline(deadline);
    this.#start(transport, init);
    this.call.drained();
  }

  /** Bytes are the transport's business. */
  get sent(): Omit<Traffic, "dropped"> {
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
    return message;
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
    this.#source?.stop();
    this.#source = undefined;
  }

  #start(transport: Transport, init: CallInit): void {
    if (this.call.ended) return;
    try {
      this.#open(transport, init).then(
        (response) => this.#onResponse(response),
        (error: unknown) => this.#onError(error),
      );
    } catch (thrown) {
      // Transports and interceptors that throw at once have not sent anything.
      this.call.fail(ConnectError.from(thrown));
    }
  }

  #open(transport: Transport, init: CallInit): Promise<StreamResponse> {
    const { timeoutMs } = init;
    const open: OpenStream =
      this.#method.methodKind === "unary" ? unaryAsStream(transport) : streamOf(transport);
    return open(
      this.#method,
      this.#controller.signal,
      // A deadline that the transport cannot hold is kept by this side alone.
      timeoutMs && timeoutMs > CONNECT_ES_MAX_TIMEOUT_MS ? 0 : timeoutMs,
      init.headers,
      this.#sink,
      init.contextValues,
    );
  }

  #onResponse({ header, trailer, message }: StreamResponse): void {
    if (this.#controller.signal.aborted) return;
    const { methodKind, output } = this.#method;
    const bounds = this.#bounds;
    this.call.gotHeader(incomingFields(header));
    this.#source = new IteratorSource<object>(
      message,
      {
        onReady: () => {
          if (!this.call.ended) this.#received?.(0);
          this.call.ready();
          this.#refuseSends();
        },
        onEnd: () => {
          const fault = checkSingleResponse(methodKind, this.received.messages);
          this.call.settle("server", incomingFields(trailer), fault);
          this.#endIfTaken();
        },
        onError: (error) => this.#onError(error),
        onFault: (error) => this.call.broken(error),
      },
      {
        // So that those who do not receive learn how the call has ended, too: a message, or the one
        // response and the end after it.
        ahead: rpcKinds[methodKind].oneResponse ? 2 : 1,
        bounds,
        measure: this.#sizes?.measureOf(output, bounds),
      },
    );
    this.call.ready();
  }

  #onError(thrown: unknown): void {
    const { signal } = this.#controller;
    if (!signal.aborted && wasReset(thrown) && this.call.expiredAtCancel()) return;
    const error = signal.aborted ? abortError(signal) : callError(thrown, this.#method);
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
