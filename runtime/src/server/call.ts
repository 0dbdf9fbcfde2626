// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { HandlerOverrun } from "../api/observer.js";
import type { RecvOptions, SendOptions } from "../api/options.js";
import type { EndedBy } from "../api/outcome.js";
import { type Clock, realClock } from "../call/clock.js";
import type { Progress } from "../call/progress.js";
import { Receiver } from "../call/receiver.js";
import { Sender } from "../call/sender.js";
import { startTimeouts, type TimedCall } from "../call/timeouts.js";
import type { QueueFills } from "../options/queues.js";
import type { Carrier } from "./carrier.js";
import { type OnError, report, toClientError } from "./client-error.js";
import type { AbortableContext } from "./context.js";
import { DeadlineSkew, timedOut } from "./deadline-skew.js";
import { LINGER_MS } from "./half-close.js";
import { type HeartbeatCall, HeartbeatSender } from "./heartbeat-sender.js";
import type { ServerObservation } from "./observe.js";
import { reportLateSend, watchOverrun } from "./overrun.js";
import type { CallLayers } from "./pipeline.js";
import { sendableError } from "./sendable-error.js";
import type { ServerCall } from "./server-call.js";

/** What a call has beside its carrier. */
export interface CallInit {
  readonly context: AbortableContext;
  readonly layers: CallLayers;
  readonly onError: OnError;
  /** Time left, in milliseconds, where nobody else keeps the deadline. */
  readonly deadlineMs: number | undefined;
  /** Who is told of the call, if anybody is. */
  readonly observation: ServerObservation | undefined;
  readonly clock?: Clock | undefined;
  /** Told of a handler that goes on, if the call is within another. */
  readonly onOverrun?: ((overrun: HandlerOverrun) => void) | undefined;
}

/**
 * The state of a call on the server, whatever its kind and whatever carries it:
 * `running` (the handler runs) → `flushing` (it has returned; what it sent leaves) → `closed`. Limits
 * of time hold until it is closed, and so does the client's right to cancel.
 */
export class Call implements ServerCall {
  readonly context: AbortableContext;
  readonly #carrier: Carrier;
  readonly #layers: CallLayers;
  readonly #onError: OnError;
  readonly #observation: ServerObservation | undefined;
  readonly #clock: Clock;
  readonly #onOverrun: CallInit["onOverrun"];
  readonly #deadlineMs: number | undefined;
  readonly #receiver: Receiver<object>;
  readonly #sender: Sender<object>;
  #heartbeat: HeartbeatSender | undefined;
  #skew: DeadlineSkew | undefined;
  #state: "running" | "flushing" | "closed" = "running";
  /** The end of the response is with the carrier. */
  #responded = false;
  #headersSent = false;
  /** An error waits until the client listens. */
  #refusing = false;
  /** Why the call ended, for whoever still receives or sends. */
  #reason: ConnectError | undefined;
  /** What the client was told. */
  #error: ConnectError | undefined;
  /** The handler runs, maybe after the end of the call. */
  #handling = false;
  /** To be called when a handler returns that goes on after the end. */
  #onReturn: (() => void) | undefined;
  /** The handler has returned by itself, and nothing has been sent since. */
  #quiet = false;
  #stopTimers: (() => void)[] = [];
  #onClose: (() => void) | undefined;

  constructor(carrier: Carrier, init: CallInit) {
    const { layers, observation } = init;
    this.context = init.context;
    this.#carrier = carrier;
    this.#layers = layers;
    this.#onError = init.onError;
    this.#observation = observation;
    this.#deadlineMs = init.deadlineMs;
    this.#clock = init.clock ?? realClock;
    this.#onOverrun = init.onOverrun;
    this.#receiver = new Receiver(carrier.source, {
      filter: layers.receiveFilter?.(this),
      timeoutMs: layers.recvMs,
      clock: this.#clock,
    });
    this.#sender = new Sender<object>(carrier.sink, true, {
      filter: layers.sendFilter?.(this),
      bounds: layers.queues.send,
      onWaited: observation?.hooks?.waited,
    });
  }

  get closed(): boolean {
    return this.#state === "closed";
  }

  /**
   * Runs the handler, unless there is an `error` to answer with. `onClose` is called once, when the
   * call needs nothing any more.
   */
  start(onClose?: () => void, error?: ConnectError): void {
    this.#onClose = onClose;
    if (this.closed || error || this.#refusing) {
      this.#carrier.release?.();
      if (this.closed) onClose?.();
      else if (error) this.refuse(error);
      return;
    }
    const { timeouts, heartbeat } = this.#layers;
    if (this.#deadlineMs !== undefined) {
      this.#skew = new DeadlineSkew(this.#deadlineMs, this.#clock);
      this.#startTimer(this.#deadlineMs, () => this.abort(timedOut(), "deadline"));
    }
    if (heartbeat) this.#heartbeat = new HeartbeatSender(heartbeat, this.#sends, this.#clock);
    if (timeouts) this.#stopTimers.push(startTimeouts(this.#timed, timeouts, this.#clock));
    this.#handling = true;
    if (this.#observation) this.#observation.run(() => this.#run());
    else this.#run();
  }

  recv(options?: RecvOptions): Promise<object | undefined> {
    return this.#receiver.recv(options);
  }

  send(message: object, options?: SendOptions): Promise<void> {
    if (this.#quiet) {
      // Once: a timer or an event would do it again and again.
      this.#quiet = false;
      reportLateSend(this.context, this.#onError);
    }
    if (!this.#headersSent) this.sendHeaders();
    const sent = this.#sender.send(message, options);
    this.#heartbeat?.follow(sent);
    return sent;
  }

  sendHeaders(): void {
    if (this.#headersSent || this.closed) return;
    const invalid = this.#sendHeaders();
    if (invalid) this.abort(invalid);
  }

  progress(): Progress {
    const { sent, received, taken } = this.#carrier;
    const beats = this.#heartbeat?.beats ?? 0;
    const waiting = this.#responded ? -1 - this.#carrier.unsent : this.#sender.head;
    return { sent: sent.messages - beats, received: received.messages, taken, waiting };
  }

  queued(): QueueFills {
    const own = { send: this.#sender.fill, receive: this.#carrier.unread };
    return this.#carrier.queued?.(own) ?? own;
  }

  overran(overrun: HandlerOverrun): void {
    this.#observation?.overran(overrun);
    this.#onOverrun?.(overrun);
  }

  /** The carrier has a message that it did not have before. */
  ready(): void {
    this.#receiver.ready();
  }

  /** The client has half-closed, and all its messages have been taken. */
  requestEnded(): void {
    this.#receiver.finish();
  }

  /** The carrier takes messages again. */
  drained(): void {
    this.#sender.drained();
  }

  /** The client takes nothing more, until `drained`. */
  hold(): void {
    this.#sender.hold();
  }

  /** The last byte of the response has left. */
  finished(): void {
    if (this.#state === "flushing") this.#close("server", this.#error);
  }

  /** The client is gone. */
  clientLeft(error: ConnectError, by: EndedBy): void {
    if (this.closed) return;
    const reason = this.#skew?.explain(error) ?? error;
    this.#cut(reason);
    this.#close(reason === error ? by : "deadline", reason);
  }

  abort(error: ConnectError, by: EndedBy = "server"): void {
    if (this.closed) return;
    this.#cut(error);
    if (this.#responded) {
      this.#carrier.reset(error);
      this.#close(by, error);
    } else {
      this.#respond(error, true);
      this.#close(by, this.#error ?? error);
    }
  }

  /**
   * Ends the call because its server stops. A response that has ended is broken off only if it does
   * not leave soon: a reset would say that the call was cancelled.
   */
  shutdown(error: ConnectError): void {
    if (this.closed || !this.#responded) return this.abort(error);
    this.#startTimer(LINGER_MS, () => this.abort(error));
  }

  /** A message that the call cannot go on without could not be sent. */
  messageFailed(error: ConnectError): void {
    if (error.code !== Code.ResourceExhausted) report(error, this.context, this.#onError);
    this.abort(error);
  }

  /** Ends the call because of what the client sent, once the client listens. */
  refuse(error: ConnectError): void {
    if (this.#state !== "running" || this.#refusing) return;
    this.#refusing = true;
    this.#carrier.stopReceiving();
    this.#carrier.whenAnswerable(() => this.abort(error));
  }

  #run(): void {
    this.#layers.run(this).then(
      () => this.#returned(undefined),
      (thrown: unknown) =>
        this.#returned(toClientError(thrown, this.context, this.#reason, this.#onError)),
    );
  }

  /** The handler is done: what it sent goes out, then the end. */
  #returned(error: ConnectError | undefined): void {
    this.#carrier.release?.();
    this.#handling = false;
    this.#onReturn?.();
    // A refusal that waits is the end, whatever the handler makes of it.
    if (this.#state !== "running" || this.#refusing) return;
    this.#state = "flushing";
    this.#quiet = true;
    this.#heartbeat?.stop();
    this.#receiver.finish(error ?? handlerReturned);
    this.#carrier.stopReceiving();
    this.#sender.flush(handlerReturned, () => this.#respond(error, false));
  }

  #respond(error: ConnectError | undefined, abrupt: boolean): void {
    const invalid = this.#headersSent ? undefined : this.#sendHeaders();
    this.#responded = true;
    // Not all errors are of handlers: a shutdown has one of whoever runs the server.
    const told = invalid ?? (error && sendableError(error).error);
    this.#error = this.#carrier.end(told, abrupt);
  }

  #sendHeaders(): ConnectError | undefined {
    this.#headersSent = true;
    this.#observation?.header(this.context);
    const invalid = this.#carrier.sendHeaders();
    if (invalid) report(invalid, this.context, this.#onError);
    return invalid;
  }

  /** Whoever receives or sends learns why it is over, and so do those who wait for the signal. */
  #cut(reason: ConnectError): void {
    this.#reason = reason;
    this.#carrier.stopReceiving();
    this.#receiver.finish(reason);
    this.#sender.close(reason);
    this.context.abort(reason);
  }

  #close(by: EndedBy, error: ConnectError | undefined): void {
    if (this.closed) return;
    this.#state = "closed";
    if (this.#handling) this.#watchHandler(error);
    for (const stop of this.#stopTimers) stop();
    this.#heartbeat?.stop();
    this.#carrier.close();
    if (this.#observation) {
      const { sent, received } = this.#carrier;
      const { dropped } = this.#sender.fill;
      this.#observation.end(by, error, { ...sent, dropped }, received);
    }
    this.#onClose?.();
  }

  /** The call has ended before its handler, which should return soon. */
  #watchHandler(reason: ConnectError | undefined): void {
    const { overrunMs } = this.#layers;
    if (!overrunMs) return;
    this.#onReturn = watchOverrun(overrunMs, {
      context: this.context,
      onError: this.#onError,
      reason,
      overran: (overrun) => this.overran(overrun),
    });
  }

  /** The call, as its limits of time need it. */
  get #timed(): TimedCall {
    return {
      progress: () => this.progress(),
      expire: (error) => this.abort(error, "deadline"),
    };
  }

  #startTimer(ms: number, expire: () => void): void {
    this.#stopTimers.push(this.#clock.startTimer(ms, expire));
  }

  /** The call, as its heartbeat needs it. */
  get #sends(): HeartbeatCall {
    return {
      send: (message) => {
        this.sendHeaders();
        return this.#sender.send(message, { unfiltered: true });
      },
      /** A reader that has stalled is not helped by more that waits. */
      idle: () => this.#sender.head === undefined && this.#carrier.unsent === 0,
      begun: () => this.#carrier.taken > 0,
    };
  }
}

/** Made only for whoever receives or sends after that. */
function handlerReturned(): ConnectError {
  return new ConnectError("the handler has returned", Code.Canceled);
}
