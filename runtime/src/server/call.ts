// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { HandlerOverrun } from "../api/observer.js";
import type { RecvOptions, SendOptions } from "../api/options.js";
import type { EndedBy } from "../api/outcome.js";
import { realClock } from "../call/clock.js";
import type { Progress } from "../call/progress.js";
import { Receiver } from "../call/receiver.js";
import { Sender } from "../call/sender.js";
import type { QueueFills } from "../options/queues.js";
import { CallTimers } from "./call-timers.js";
import type { Carrier } from "./carrier.js";
import { type OnError, report } from "./client-error.js";
import type { AbortableContext } from "./context.js";
import { type HandledCall, HandlerRun } from "./handler-run.js";
import { HeartbeatSender, heartbeatCall } from "./heartbeat-sender.js";
import type { CallLayers } from "./pipeline.js";
import { sendableError } from "./sendable-error.js";
import type { CallInit } from "./server-call.js";

/**
 * The state of a call on the server, whatever its kind and whatever carries it:
 * `running` (the handler runs) → `flushing` (it has returned; what it sent leaves) → `closed`. Limits
 * of time hold until it is closed, and so does the client's right to cancel.
 */
export class Call implements HandledCall {
  readonly context: AbortableContext;
  readonly #carrier: Carrier;
  readonly #init: CallInit;
  readonly #receiver: Receiver<object>;
  readonly #sender: Sender<object>;
  #handler: HandlerRun | undefined;
  #timers: CallTimers | undefined;
  #heartbeat: HeartbeatSender | undefined;
  #state: "running" | "flushing" | "closed" = "running";
  /** The end of the response is with the carrier. */
  #responded = false;
  #headersSent = false;
  /** An error waits until the client listens. */
  #refusing = false;
  #reason: ConnectError | undefined;
  /** What the client was told. */
  #error: ConnectError | undefined;

  constructor(carrier: Carrier, init: CallInit) {
    const { context, layers, observation, clock } = init;
    this.context = context;
    this.#carrier = carrier;
    this.#init = init;
    this.#receiver = new Receiver(carrier.source, {
      filter: layers.receiveFilter?.(this),
      timeoutMs: layers.recvMs,
      clock,
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

  get layers(): CallLayers {
    return this.#init.layers;
  }

  get onError(): OnError {
    return this.#init.onError;
  }

  get reason(): ConnectError | undefined {
    return this.#reason;
  }

  /** Runs the handler, unless there is an `error` to answer with. */
  start(error?: ConnectError): void {
    if (this.closed || error || this.#refusing) {
      this.#carrier.release?.();
      if (this.closed) this.#carrier.close();
      else if (error) this.refuse(error);
      return;
    }
    const { observation } = this.#init;
    this.#startTimers();
    const handler = new HandlerRun(this);
    this.#handler = handler;
    if (observation) observation.run(() => handler.start());
    else handler.start();
  }

  recv(options?: RecvOptions): Promise<object | undefined> {
    return this.#receiver.recv(options);
  }

  send(message: object, options?: SendOptions): Promise<void> {
    this.#handler?.sending();
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
    this.#init.observation?.overran(overrun);
    this.#init.onOverrun?.(overrun);
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
    const reason = this.#timers?.explain(error) ?? error;
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
    this.#timersToUse().startLinger(error);
  }

  /** The handler is done: what it sent goes out, then the end. */
  handled(error: ConnectError | undefined): void {
    this.#carrier.release?.();
    // A refusal that waits is the end, whatever the handler makes of it.
    if (this.#state !== "running" || this.#refusing) return;
    this.#state = "flushing";
    this.#handler?.endedCall();
    this.#heartbeat?.stop();
    this.#receiver.finish(error ?? handlerReturned);
    this.#carrier.stopReceiving();
    this.#sender.flush(handlerReturned, () => this.#respond(error, false));
  }

  /**
   * A message cannot be sent. `accepted`: its `send` may have resolved. The call cannot go on without that
   * message, nor after one that is too large.
   */
  unsendable(error: ConnectError, accepted: boolean): void {
    const tooLarge = error.code === Code.ResourceExhausted;
    if (!accepted && !tooLarge) return;
    if (!tooLarge) report(error, this.context, this.#init.onError);
    this.abort(error);
  }

  /** Ends the call because of what the client sent, once the client listens. */
  refuse(error: ConnectError): void {
    if (this.#state !== "running" || this.#refusing) return;
    this.#refusing = true;
    this.#carrier.stopReceiving();
    this.#carrier.whenAnswerable(() => this.abort(error));
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
    this.#init.observation?.header(this.context);
    const invalid = this.#carrier.sendHeaders();
    if (invalid) report(invalid, this.context, this.#init.onError);
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
    this.#handler?.callEnded(error);
    this.#timers?.stop();
    this.#heartbeat?.stop();
    const { observation } = this.#init;
    if (observation) {
      const { sent, received } = this.#carrier;
      const { dropped } = this.#sender.fill;
      observation.end(by, error, { ...sent, dropped }, received);
    }
    this.#carrier.close();
  }

  #startTimers(): void {
    const { deadlineMs, layers, clock = realClock } = this.#init;
    const { timeouts, heartbeat } = layers;
    if (deadlineMs !== undefined) this.#timersToUse().startDeadline(deadlineMs);
    if (heartbeat) {
      const call = heartbeatCall(this, this.#sender, this.#carrier);
      this.#heartbeat = new HeartbeatSender(heartbeat, call, clock);
    }
    if (timeouts) this.#timersToUse().startTimeouts(timeouts);
  }

  /** Most calls have none. */
  #timersToUse(): CallTimers {
    this.#timers ??= new CallTimers(this, this.#init.clock);
    return this.#timers;
  }
}

/** Made only for whoever receives or sends after that. */
function handlerReturned(): ConnectError {
  return new ConnectError("the handler has returned", Code.Canceled);
}
