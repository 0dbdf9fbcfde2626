// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { RecvOptions, SendOptions } from "../../api/options.js";
import type { EndedBy, StreamOutcome } from "../../api/outcome.js";
import { abortError, invalidSignal } from "../../call/abort.js";
import { Deferred, rejected } from "../../call/deferred.js";
import type { Progress } from "../../call/progress.js";
import type { SendFilter } from "../../call/sender.js";
import type { QueueFill, QueueFills } from "../../options/queues.js";
import { type RpcMethod, rpcKinds } from "../../protocol/method-kind.js";
import { type CallLimits, limitsFrom, pause, timeLeft } from "../backoff-timer.js";
import { ChainedReceiver } from "../chained-receiver.js";
import type { CallInit, ClientCall, OpenCall } from "../client-call.js";
import { sendFilter, validationFilter } from "../filters.js";
import { ReplayBuffer } from "./replay-buffer.js";
import { ReplayedSends } from "./replayed-sends.js";
import { RetryPlan } from "./retry-plan.js";
import type { RetrySettings } from "./retry-settings.js";

const NO_PROGRESS: Progress = { sent: 0, received: 0, taken: 0, waiting: undefined };
const NOTHING: QueueFill = { messages: 0, bytes: 0, dropped: 0 };

/**
 * A call that is made again when it fails, until it is committed: until something of a response
 * has been seen, or more was sent than is kept. From then on the attempt at hand is the call.
 */
export class RetryingCall implements ClientCall {
  readonly #open: () => ClientCall;
  readonly #plan: RetryPlan;
  readonly #limits: CallLimits;
  readonly #sends: ReplayedSends;
  readonly #inbound: ChainedReceiver<object>;
  readonly #filter: SendFilter<object> | undefined;
  readonly #oneRequest: boolean;
  readonly #header: Deferred<Headers> = new Deferred();
  readonly #trailer: Deferred<Headers> = new Deferred();
  readonly #outcome: Deferred<StreamOutcome> = new Deferred();
  readonly #halfClosed: Deferred<void> = new Deferred();
  readonly #startedAt: number = performance.now();
  /** None between two attempts. */
  #attempt: ClientCall | undefined;
  #last: StreamOutcome | undefined;
  #error: ConnectError | undefined;
  #committed = false;
  #sendEnded = false;
  #headerArrived = false;
  #headerWanted = false;
  #stopPause: (() => void) | undefined;

  constructor(open: OpenCall, method: RpcMethod, init: CallInit, settings: RetrySettings) {
    const plan = new RetryPlan(settings, method);
    const limits = limitsFrom(init.signal, init.timeoutMs);
    const { oneRequest } = rpcKinds[method.methodKind];
    const { validation, recvMs } = init;
    // What users get and give is looked at here, once, and not in each attempt.
    const inner = { ...init, validation: undefined, recvMs: undefined };
    this.#plan = plan;
    this.#oneRequest = oneRequest;
    this.#filter = sendFilter(method, validation, undefined);
    this.#inbound = new ChainedReceiver({
      filter: validationFilter(method, validation, this),
      timeoutMs: recvMs,
    });
    this.#limits = limits;
    const replay = new ReplayBuffer(method.input, settings.maxBufferBytes);
    this.#sends = new ReplayedSends(replay, init.queues.send);
    this.#open = () => {
      const timeoutMs = timeLeft(limits, init.timeoutMs);
      return open({ ...inner, timeoutMs, headers: plan.begin(init.headers) });
    };
    this.#start();
  }

  /** Who looks at the headers has seen the response: they commit the call. */
  get header(): Promise<Headers> {
    this.#headerWanted = true;
    if (this.#headerArrived) this.#commit();
    return this.#header.promise;
  }

  get trailer(): Promise<Headers> {
    return this.#trailer.promise;
  }

  get outcome(): Promise<StreamOutcome> {
    return this.#outcome.promise;
  }

  get ended(): boolean {
    return this.#outcome.settled;
  }

  recv(options?: RecvOptions): Promise<object | undefined> {
    return this.#inbound.recv(options);
  }

  send(message: object, options?: SendOptions): Promise<void> {
    if (this.#sendEnded) {
      return rejected(new ConnectError("send after half-close", Code.FailedPrecondition));
    }
    const invalid = invalidSignal(options?.signal);
    if (invalid) return rejected(invalid);
    try {
      return this.#send(this.#filter ? this.#filter(message) : message, options);
    } catch (thrown) {
      const error = ConnectError.from(thrown);
      if (this.#oneRequest) this.fail(error);
      return rejected(error);
    }
  }

  closeSend(): Promise<void> {
    if (!this.#sendEnded) {
      this.#sendEnded = true;
      if (this.#attempt) this.#halfClose(this.#attempt);
    }
    return this.#halfClosed.promise;
  }

  close(): void {
    this.#inbound.drop();
    if (this.#attempt) this.#attempt.close();
    else this.#giveUp(new ConnectError("the call was closed", Code.Canceled), "client");
  }

  fail(error: Error, by: EndedBy = "client"): void {
    if (this.#attempt) this.#attempt.fail(error, by);
    else this.#giveUp(ConnectError.from(error), by);
  }

  /** That of the attempt at hand, and between two attempts that of a call that waits. */
  progress(): Progress {
    return this.#attempt?.progress() ?? NO_PROGRESS;
  }

  queued(): QueueFills {
    const { parked, dropped } = this.#sends;
    const { send, receive } = this.#attempt?.queued() ?? { send: parked, receive: NOTHING };
    return { send: { ...send, dropped: send.dropped + dropped }, receive };
  }

  /** A message was not valid: it and all that follows are of no use. */
  reject(error: ConnectError): void {
    this.#inbound.finish(error);
    this.#attempt?.fail(error);
    this.#attempt?.close();
  }

  #send(message: object, options: SendOptions | undefined): Promise<void> {
    if (this.#committed && this.#attempt) return this.#attempt.send(message, options);
    if (this.#error) return rejected(this.#error);
    if (options?.signal?.aborted) return rejected(abortError(options.signal));
    const sent = this.#sends.send(message, options?.signal);
    if (this.#sends.overflown) this.#commit();
    return sent;
  }

  #start(): void {
    const attempt = this.#open();
    this.#attempt = attempt;
    attempt.outcome.then((outcome) => this.#ended(attempt, outcome));
    attempt.header.then(
      (header) => this.#gotHeader(attempt, header),
      () => undefined,
    );
    this.#sends.attach(attempt);
    if (this.#sendEnded) this.#halfClose(attempt);
    if (this.#sends.overflown) this.#commit();
    this.#inbound.attach({
      recv: (options) => attempt.recv(options),
      onMessage: () => this.#commit(),
      // What the end means is known first: whether there is another attempt.
      onEnd: (error) =>
        attempt.outcome.then(() => {
          if (this.#attempt === attempt) this.#inbound.finish(error);
        }),
    });
  }

  #halfClose(attempt: ClientCall): void {
    attempt.closeSend().then(() => {
      // An attempt that ended has not half-closed; what its end means is known in `#ended`.
      if (attempt === this.#attempt && !attempt.ended) this.#halfClosed.resolve();
    });
  }

  #gotHeader(attempt: ClientCall, header: Headers): void {
    // A gRPC response that has but trailers is no beginning of one.
    if (attempt !== this.#attempt || header.has("grpc-status")) return;
    this.#headerArrived = true;
    if (this.#headerWanted) this.#commit();
  }

  #commit(): void {
    if (this.#committed || !this.#attempt) return;
    this.#committed = true;
    this.#sends.commit();
    this.#attempt.header.then(
      (header) => this.#header.resolve(header),
      (error: ConnectError) => this.#header.reject(error),
    );
  }

  #ended(attempt: ClientCall, outcome: StreamOutcome): void {
    const delayMs = this.#delayAfter(outcome);
    if (delayMs !== undefined) return this.#pause(delayMs, outcome);
    if (!outcome.error) this.#plan.succeeded();
    this.#commit();
    attempt.trailer.then(
      (trailer) => this.#trailer.resolve(trailer),
      (error: ConnectError) => this.#trailer.reject(error),
    );
    this.#halfClosed.resolve();
    this.#settle(outcome);
  }

  #delayAfter({ error, endedBy, received }: StreamOutcome): number | undefined {
    const failed = endedBy === "server" || endedBy === "connection" ? error : undefined;
    if (!failed || this.#committed || received.messages > 0) return undefined;
    return this.#plan.delayAfter(failed);
  }

  #pause(delayMs: number, outcome: StreamOutcome): void {
    this.#attempt = undefined;
    this.#headerArrived = false;
    this.#sends.detach(outcome.sent.dropped);
    this.#last = { ...outcome, sent: { ...outcome.sent, dropped: 0 } };
    this.#inbound.detach();
    this.#stopPause = pause(delayMs, this.#limits, outcome.error, {
      onOver: () => this.#start(),
      onGiveUp: (error, by) => this.#giveUp(error, by),
    });
  }

  /** Ends the call between two attempts. */
  #giveUp(error: ConnectError, endedBy: EndedBy): void {
    if (this.#outcome.settled || !this.#last) return;
    this.#stopPause?.();
    this.#error = error;
    this.#header.reject(error);
    this.#trailer.reject(error);
    this.#halfClosed.resolve();
    this.#sends.fail(error);
    this.#inbound.finish(error);
    this.#settle({ ...this.#last, code: error.code, error, endedBy });
  }

  #settle(outcome: StreamOutcome): void {
    const durationMs = performance.now() - this.#startedAt;
    const dropped = outcome.sent.dropped + this.#sends.dropped;
    const sent = { ...outcome.sent, dropped };
    this.#outcome.resolve({ ...outcome, sent, durationMs, attempts: this.#plan.attempts });
  }
}
