// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { RecvOptions, SendOptions } from "../api/options.js";
import type { EndedBy, StreamOutcome, Traffic } from "../api/outcome.js";
import { abortError, onAbort } from "../call/abort.js";
import { Deferred } from "../call/deferred.js";
import type { Progress } from "../call/progress.js";
import { type MessageSource, Receiver } from "../call/receiver.js";
import { type MessageSink, Sender } from "../call/sender.js";
import { startTimer } from "../call/timers.js";
import type { QueueFill, QueueFills } from "../options/queues.js";
import type { IncomingFields } from "../protocol/fields.js";
import { type RpcMethod, rpcKinds } from "../protocol/method-kind.js";
import type { CallInit, ClientCall } from "./client-call.js";
import { type FilteredCall, receiveFilter, type SizeChecks, sendFilter } from "./filters.js";

/** What carries a call: bytes on a wire, or the iterables of a Connect transport. */
export interface Carrier<F> extends MessageSource<object>, MessageSink<object, F> {
  readonly sent: Omit<Traffic, "dropped">;
  readonly received: Traffic;
  /** Messages that were received and not read. */
  readonly unread: QueueFill;
  /** Messages that were received, and read or dropped. */
  readonly taken: number;
  /** No message follows those that were handed over. Called once. */
  endSend(): void;
  /** The call is over; free what it holds, and tell the server if it does not know. */
  cancel(error: ConnectError): void;
}

/** The state of a call on the client: its two halves, its deadline, and how it ended. */
export class Call<F> implements ClientCall, FilteredCall {
  readonly #inbound: Receiver<object>;
  readonly #outbound: Sender<object, F>;
  readonly #carrier: Carrier<F>;
  readonly #init: CallInit;
  readonly #header: Deferred<Headers> = new Deferred();
  readonly #trailer: Deferred<Headers> = new Deferred();
  readonly #outcome: Deferred<StreamOutcome> = new Deferred();
  readonly #startedAt: number = performance.now();
  #stopTimer: (() => void) | undefined;
  #stopListening: (() => void) | undefined;
  #halfClosed: Deferred<void> | undefined;
  #deadline = Number.POSITIVE_INFINITY;
  #heartbeats = 0;
  #error: ConnectError | undefined;
  /** The fields that have arrived, for those who know that they have. */
  responseHeader: IncomingFields | undefined;
  responseTrailer: IncomingFields | undefined;

  constructor(method: RpcMethod, carrier: Carrier<F>, init: CallInit, sizes?: SizeChecks) {
    const { oneRequest } = rpcKinds[method.methodKind];
    const { queues, recvMs, validation, observation } = init;
    this.#carrier = carrier;
    this.#init = init;
    this.#inbound = new Receiver(carrier, {
      filter: receiveFilter(method, init, sizes?.read, this),
      timeoutMs: recvMs,
    });
    this.#outbound = new Sender(carrier, false, {
      filter: sendFilter(method, validation, sizes?.write),
      bounds: queues.send,
      onWaited: observation?.hooks?.waited,
      onUnsendable: (error) => {
        // Of one request there is nothing else to send; a limit holds for all of the call.
        if (oneRequest || error.code === Code.ResourceExhausted) this.fail(error);
      },
    });
  }

  get header(): Promise<Headers> {
    return this.#header.promise;
  }

  get trailer(): Promise<Headers> {
    return this.#trailer.promise;
  }

  get outcome(): Promise<StreamOutcome> {
    return this.#outcome.promise;
  }

  /** True when it is known how the call ended, though messages may be left to receive. */
  get ended(): boolean {
    return this.#outcome.settled;
  }

  recv(options?: RecvOptions): Promise<object | undefined> {
    return this.#inbound.recv(options);
  }

  send(message: object, options?: SendOptions): Promise<void> {
    return this.#outbound.send(message, options);
  }

  closeSend(): Promise<void> {
    if (!this.#halfClosed) {
      const halfClosed = new Deferred<void>();
      this.#halfClosed = halfClosed;
      if (this.#outbound.closed) halfClosed.resolve(undefined);
      else
        this.#outbound.finish(sendAfterHalfClose, () => {
          this.#carrier.endSend();
          halfClosed.resolve(undefined);
        });
    }
    return this.#halfClosed.promise;
  }

  close(): void {
    this.#giveUp(new ConnectError("the call was closed", Code.Canceled), "client");
  }

  fail(error: Error, by: EndedBy = "client"): void {
    if (!this.ended) this.#giveUp(ConnectError.from(error), by);
  }

  progress(): Progress {
    const { sent, received, taken } = this.#carrier;
    const { head } = this.#outbound;
    return { sent: sent.messages, received: received.messages, taken, waiting: head };
  }

  queued(): QueueFills {
    return { send: this.#outbound.fill, receive: this.#carrier.unread };
  }

  /** Watches the limits of the call: its signal, and its deadline. */
  startDeadline(timeoutMs: number | undefined): void {
    if (timeoutMs !== undefined) {
      this.#deadline = performance.now() + timeoutMs;
      this.#stopTimer = startTimer(timeoutMs, () => this.#expire());
    }
    const { signal } = this.#init;
    if (!signal) return;
    const giveUp = () => this.#giveUp(abortError(signal), "client");
    if (signal.aborted) return giveUp();
    this.#stopListening = onAbort(signal, giveUp);
  }

  /** The carrier takes messages, for the first time or again. */
  drained(): void {
    this.#outbound.drained();
  }

  /** The carrier has a message that it did not have before. */
  ready(): void {
    this.#inbound.ready();
  }

  gotHeader(header: IncomingFields): void {
    if (!this.ended) this.#init.observation?.header?.(header.headers);
    this.responseHeader = header;
    this.#header.resolveLazily(() => header.headers);
  }

  /** It is known how the call ended. What has arrived can still be received. */
  settle(endedBy: EndedBy, trailer: IncomingFields | undefined, error?: ConnectError): void {
    if (this.ended) return;
    this.#error = error;
    this.responseTrailer = trailer;
    this.#outcome.resolve(this.#outcomeOf(endedBy, error));
    this.#stopTimer?.();
    this.#stopListening?.();
    this.#outbound.close(error ?? streamEnded);
    // A call that ends first has no more to send either.
    this.#halfClosed?.resolve(undefined);
    if (error) this.#header.reject(error);
    if (trailer) this.#trailer.resolveLazily(() => trailer.headers);
    else if (!error) return;
    else if (endedBy === "server") this.#trailer.resolve(error.metadata);
    else this.#trailer.reject(error);
  }

  /** The server takes no more, though it is not known yet how the call ended. */
  refuseSends(): void {
    if (!this.ended) this.#outbound.close(streamEnded);
  }

  /** Everything that arrived has been received. */
  finished(): void {
    this.#inbound.finish(this.#error);
  }

  broken(error: ConnectError): void {
    // How the call ended, where that is known, says more than that it was cut.
    if (this.ended) return this.#inbound.finish(this.#error ?? error);
    this.#giveUp(error, "client");
  }

  reject(error: ConnectError): void {
    // A call that had ended keeps its outcome, but what it holds is of no use.
    this.settle("client", undefined, error);
    this.#inbound.finish(error);
    this.#carrier.cancel(error);
  }

  skipped(): void {
    this.#heartbeats++;
  }

  /**
   * The server cancelled the call. True if that was because its time is up, which the server may
   * notice first: grpc-go resets streams at their deadline.
   */
  expiredAtCancel(): boolean {
    if (performance.now() < this.#deadline) return false;
    this.#expire();
    return true;
  }

  #expire(): void {
    const expired = new ConnectError("the operation timed out", Code.DeadlineExceeded);
    this.#giveUp(expired, "deadline");
  }

  #giveUp(error: ConnectError, by: EndedBy): void {
    const running = !this.ended;
    this.settle(by, undefined, error);
    if (this.#inbound.finished) return;
    this.#inbound.finish(running ? error : (this.#error ?? error));
    this.#carrier.cancel(error);
  }

  #outcomeOf(endedBy: EndedBy, error: ConnectError | undefined): StreamOutcome {
    const { sent, received } = this.#carrier;
    const { messages, bytes, dropped } = received;
    return {
      code: error?.code,
      error,
      endedBy,
      sent: { messages: sent.messages, bytes: sent.bytes, dropped: this.#outbound.fill.dropped },
      received: { messages: messages - this.#heartbeats, bytes, dropped },
      durationMs: performance.now() - this.#startedAt,
      attempts: 1,
    };
  }
}

function sendAfterHalfClose(): ConnectError {
  return new ConnectError("send after half-close", Code.FailedPrecondition);
}

function streamEnded(): ConnectError {
  return new ConnectError("the stream has ended: the server is done", Code.FailedPrecondition);
}
