// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { RecvOptions, SendOptions } from "../api/options.js";
import type { EndedBy, StreamOutcome, Traffic } from "../api/outcome.js";
import { abortError, onAbort } from "../call/abort.js";
import type { Bounds } from "../call/bounds.js";
import { Deferred } from "../call/deferred.js";
import type { Progress } from "../call/progress.js";
import { type MessageSource, Receiver } from "../call/receiver.js";
import { type MessageSink, Sender } from "../call/sender.js";
import { startTimer } from "../call/timers.js";
import type { CallWatch } from "../observe/call-watch.js";
import type { QueueFill, QueueFills } from "../options/queues.js";
import type { ClientCall } from "./client-call.js";

/** What carries a call: bytes on a wire, or the iterables of a Connect transport. */
export interface Carrier {
  readonly sent: Omit<Traffic, "dropped">;
  readonly received: Traffic;
  /** Messages that were received and not read. */
  readonly unread: QueueFill;
  /** Messages that were received, and read or dropped. */
  readonly taken: number;
  /** No message follows those that were handed over. */
  endSend(): void;
  /** The call is over; free what it holds, and tell the server if it does not know. */
  cancel(error: ConnectError): void;
}

/** The state of a call on the client: its two halves, its deadline, and how it ended. */
export class Call<F> implements ClientCall {
  readonly #inbound: Receiver<object>;
  readonly #outbound: Sender<object, F>;
  readonly #carrier: Carrier;
  readonly #watch: CallWatch | undefined;
  readonly #header: Deferred<Headers> = new Deferred();
  readonly #trailer: Deferred<Headers> = new Deferred();
  readonly #outcome: Deferred<StreamOutcome> = new Deferred();
  readonly #startedAt: number = performance.now();
  #stopWatching: (() => void)[] = [];
  #halfClosed: Promise<void> | undefined;
  #deadline = Number.POSITIVE_INFINITY;
  #error: ConnectError | undefined;

  /** `bounds`: of what waits to be sent. */
  constructor(
    source: MessageSource<object>,
    sink: MessageSink<object, F>,
    carrier: Carrier,
    bounds: Bounds | undefined,
    watch: CallWatch | undefined,
    skip?: (message: object) => boolean,
  ) {
    const filter = skip && ((message: object) => (skip(message) ? undefined : message));
    this.#inbound = new Receiver(source, { filter });
    this.#outbound = new Sender(sink, false, { bounds, onWaited: watch?.tap?.waited });
    this.#watch = watch;
    this.#carrier = carrier;
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
    this.#halfClosed ??= new Promise((resolve) => {
      if (this.#outbound.closed) return resolve();
      const halfClosed = new ConnectError("send after half-close", Code.FailedPrecondition);
      this.#outbound.finish(halfClosed, () => {
        this.#carrier.endSend();
        resolve();
      });
      // A call that ends first has no more to send either.
      this.outcome.then(() => resolve());
    });
    return this.#halfClosed;
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

  /** Watches the limits of the call. */
  watch(signal: AbortSignal | undefined, timeoutMs: number | undefined): void {
    if (timeoutMs !== undefined) {
      this.#deadline = performance.now() + timeoutMs;
      this.#stopWatching.push(startTimer(timeoutMs, () => this.#expire()));
    }
    if (!signal) return;
    const giveUp = () => this.#giveUp(abortError(signal), "client");
    if (signal.aborted) return giveUp();
    this.#stopWatching.push(onAbort(signal, giveUp));
  }

  /** The carrier takes messages, for the first time or again. */
  drained(): void {
    this.#outbound.drained();
  }

  /** The carrier has a message that it did not have before. */
  ready(): void {
    this.#inbound.ready();
  }

  gotHeader(header: Headers): void {
    if (!this.ended) this.#watch?.header?.(header);
    this.#header.resolve(header);
  }

  /** It is known how the call ended. What has arrived can still be received. */
  settle(endedBy: EndedBy, trailer: Headers | undefined, error?: ConnectError): void {
    if (this.ended) return;
    this.#error = error;
    const { received } = this.#carrier;
    const sent = { ...this.#carrier.sent, dropped: this.#outbound.fill.dropped };
    const durationMs = performance.now() - this.#startedAt;
    const end = { code: error?.code, error, endedBy };
    this.#outcome.resolve({ ...end, sent, received, durationMs, attempts: 1 });
    for (const stop of this.#stopWatching.splice(0)) stop();
    this.#outbound.close(error ?? streamEnded());
    if (error) this.#header.reject(error);
    const trailers = trailer ?? (endedBy === "server" ? error?.metadata : undefined);
    if (trailers) this.#trailer.resolve(trailers);
    else if (error) this.#trailer.reject(error);
  }

  /** The server takes no more, though it is not known yet how the call ended. */
  refuseSends(): void {
    if (!this.ended) this.#outbound.close(streamEnded());
  }

  /** Everything that arrived has been received. */
  finished(): void {
    this.#inbound.finish(this.#error);
  }

  /** What arrives is broken: the call cannot go on. */
  broken(error: ConnectError): void {
    // How the call ended, where that is known, says more than that it was cut.
    if (this.ended) return this.#inbound.finish(this.#error ?? error);
    this.#giveUp(error, "client");
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
}

function streamEnded(): ConnectError {
  return new ConnectError("the stream has ended: the server is done", Code.FailedPrecondition);
}
