// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { RecvOptions, StreamCallOptions } from "../../api/options.js";
import type { EndedBy, StreamOutcome, Traffic } from "../../api/outcome.js";
import { Deferred } from "../../call/deferred.js";
import { iterateMessages } from "../../call/iterate.js";
import type { QueueFills } from "../../options/queues.js";
import type { Backoff } from "../../options/retry.js";
import { backoffMs } from "../backoff.js";
import { type CallLimits, limitsFrom, pause, timeLeft } from "../backoff-timer.js";
import { ChainedReceiver } from "../chained-receiver.js";
import { asyncDispose } from "../streams.js";
import type { MessageStream, ResumeOptions } from "./resume.js";

/** When to go on, with all defaults. */
export interface ResumeSettings {
  readonly codes: ReadonlySet<Code>;
  readonly backoff: Backoff;
  readonly maxRetries: number;
}

/** Opens a call: a client's method of a server-streaming RPC. */
export type Watch<R, M> = (request: R, options?: StreamCallOptions) => MessageStream<M>;

type End = Pick<StreamOutcome, "code" | "error" | "endedBy">;

/** Server-streaming calls, one after the other, as one stream. */
export class ResumingCall<R, M> implements MessageStream<M> {
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  readonly #watch: Watch<R, M>;
  readonly #options: ResumeOptions<R, M>;
  readonly #settings: ResumeSettings;
  readonly #limits: CallLimits;
  readonly #inbound: ChainedReceiver<M> = new ChainedReceiver();
  readonly #header: Deferred<Headers> = new Deferred();
  readonly #trailer: Deferred<Headers> = new Deferred();
  readonly #outcome: Deferred<StreamOutcome> = new Deferred();
  readonly #startedAt: number = performance.now();
  readonly #total = { calls: 0, sent: nothing(), received: nothing() };
  #request: R;
  /** The last answer to the request at hand. */
  #last: M | undefined;
  #retries = 0;
  /** None during a pause, and none that is given up. */
  #stream: MessageStream<M> | undefined;
  #stopPause: (() => void) | undefined;
  #givenUp = false;

  constructor(watch: Watch<R, M>, options: ResumeOptions<R, M>, settings: ResumeSettings) {
    this.#watch = watch;
    this.#options = options;
    this.#settings = settings;
    this.#request = options.request;
    this.#limits = limitsFrom(options.call?.signal, options.call?.timeoutMs);
    this.#start();
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

  /** What waits in the call at hand. */
  get queued(): Pick<QueueFills, "receive"> {
    const receive = this.#stream?.queued.receive ?? nothing();
    // The outcome, once it is known, has counted all calls.
    const before = this.#outcome.settled ? 0 : this.#total.received.dropped;
    return { receive: { ...receive, dropped: before + receive.dropped } };
  }

  recv(options?: RecvOptions): Promise<M | undefined> {
    return this.#inbound.recv(options);
  }

  close(): void {
    if (this.#outcome.settled) return this.#stream?.close();
    this.#giveUp(new ConnectError("the call was closed", Code.Canceled), "client");
  }

  [Symbol.asyncIterator](): AsyncIterator<M> {
    return iterateMessages(this, () => this.close());
  }

  #start(): void {
    const { call } = this.#options;
    const timeoutMs = timeLeft(this.#limits, call?.timeoutMs);
    const limit = timeoutMs === undefined ? {} : { timeoutMs };
    const stream = this.#watch(this.#request, { ...call, ...limit, retry: false });
    this.#stream = stream;
    stream.header.then(
      (header) => this.#header.resolve(header),
      () => undefined,
    );
    // A last call is over when that is known; one that another follows, when its messages are taken.
    stream.outcome.then((outcome) => {
      if (stream === this.#stream && !this.#resumes(outcome)) this.#end(stream, outcome);
    });
    this.#inbound.attach({
      recv: (options) => stream.recv(options),
      onMessage: (message) => this.#got(message),
      onEnd: (error) =>
        stream.outcome.then((outcome) => {
          if (stream !== this.#stream) return;
          if (!error || !this.#resumes(outcome)) this.#inbound.finish(error);
          else if (this.#mayFollow(error)) this.#interrupted(error, outcome);
          else this.#giveUp(error, "client");
        }),
    });
  }

  #got(message: M): void {
    this.#last = message;
    const retries = this.#retries;
    if (retries === 0) return;
    this.#retries = 0;
    this.#tell(() => this.#options.onResume?.({ request: this.#request, retries }));
  }

  #resumes({ error, endedBy, received }: StreamOutcome): boolean {
    if (!error || endedBy === "client" || endedBy === "deadline") return false;
    const { codes, maxRetries } = this.#settings;
    return codes.has(error.code) && (received.messages > 0 || this.#retries < maxRetries);
  }

  /**
   * Whether a call may follow one that `recv` has failed for. All its messages have been taken then;
   * what this side could not take is no message, and may come again with each call.
   */
  #mayFollow({ code }: ConnectError): boolean {
    return this.#settings.codes.has(code) && this.#retries < this.#settings.maxRetries;
  }

  #interrupted(error: ConnectError, outcome: StreamOutcome): void {
    this.#stream = undefined;
    this.#inbound.detach();
    this.#count(outcome);
    const retry = ++this.#retries;
    const delayMs = backoffMs(this.#settings.backoff, retry - 1);
    const last = this.#last;
    this.#last = undefined;
    const told = this.#tell(() => {
      if (last !== undefined) this.#request = this.#options.next(last, this.#request);
      return this.#options.onInterrupt?.({ error, retry, delayMs });
    });
    // What was told may have closed the stream.
    if (!told || this.#outcome.settled) return;
    this.#stopPause = pause(delayMs, this.#limits, error, {
      onOver: () => void this.#tell(() => this.#start()),
      onGiveUp: (reason, by) => this.#giveUp(reason, by),
    });
  }

  /** Runs the user's code. False if it threw, which ends the stream; so does a promise that rejects. */
  #tell(callback: () => unknown): boolean {
    const fail = (thrown: unknown) => this.#giveUp(ConnectError.from(thrown), "client");
    try {
      const result = callback();
      if (result instanceof Promise) result.catch(fail);
      return true;
    } catch (thrown) {
      fail(thrown);
      return false;
    }
  }

  #end(stream: MessageStream<M>, outcome: StreamOutcome): void {
    if (outcome.error) this.#header.reject(outcome.error);
    stream.trailer.then(
      (trailer) => this.#trailer.resolve(trailer),
      (error: ConnectError) => this.#trailer.reject(error),
    );
    this.#count(outcome);
    this.#settle(outcome);
  }

  /** Ends the stream from this side. */
  #giveUp(error: ConnectError, endedBy: EndedBy): void {
    if (this.#givenUp) return;
    this.#givenUp = true;
    this.#stopPause?.();
    this.#header.reject(error);
    this.#trailer.reject(error);
    this.#inbound.finish(error);
    const stream = this.#stream;
    this.#stream = undefined;
    const end = { code: error.code, error, endedBy };
    if (!stream) return this.#settle(end);
    stream.close();
    stream.outcome.then((outcome) => {
      this.#count(outcome);
      this.#settle(end);
    });
  }

  #count({ sent, received }: StreamOutcome): void {
    const total = this.#total;
    total.calls++;
    total.sent = sum(total.sent, sent);
    total.received = sum(total.received, received);
  }

  #settle({ code, error, endedBy }: End): void {
    const { calls: attempts, sent, received } = this.#total;
    const durationMs = performance.now() - this.#startedAt;
    this.#outcome.resolve({ code, error, endedBy, sent, received, durationMs, attempts });
  }
}

Object.defineProperty(ResumingCall.prototype, asyncDispose, {
  async value(this: { close(): void }) {
    this.close();
  },
});

function nothing(): Traffic {
  return { messages: 0, bytes: 0, dropped: 0 };
}

function sum(a: Traffic, b: Traffic): Traffic {
  return {
    messages: a.messages + b.messages,
    bytes: a.bytes + b.bytes,
    dropped: a.dropped + b.dropped,
  };
}
