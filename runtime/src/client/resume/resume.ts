// SPDX-License-Identifier: Apache-2.0
import { Code, type ConnectError } from "@connectrpc/connect";
import type { ClientStream } from "../../api/client-stream.js";
import type { RecvOptions, StreamCallOptions } from "../../api/options.js";
import {
  checkOption,
  checkOptions,
  functionOption,
  type Group,
  type Setting,
  valueThat,
} from "../../options/declare.js";
import { callOptions } from "../../options/policy.js";
import type { QueueFills } from "../../options/queues.js";
import { backoff, checkCodes } from "../../options/retry.js";
import { definedOnly, invalidOption, isObject } from "../../options/settings.js";
import { ResumingCall } from "./resuming-call.js";

/**
 * A stream of messages, as clients of server-streaming RPCs have it: every
 * `ServerStreamingClient` is one, and so is what `resumable` gives. The client's view.
 */
export interface MessageStream<M> extends ClientStream, AsyncIterable<M> {
  /** What has arrived, and was not read. Cheap to ask for, as it is at that moment. */
  readonly queued: Pick<QueueFills, "receive">;

  /**
   * Receives the next message; `undefined` at the end of the stream, and again at each later call.
   * Rejects with a `ConnectError` if the stream failed, after the messages that came before.
   */
  recv(options?: RecvOptions): Promise<M | undefined>;
}

/** How `resumable` goes on after a call was lost. Invalid values throw a `RangeError`. */
export interface ResumeOptions<R, M> {
  /** The first request. */
  request: R;

  /**
   * The request that follows from the last message, for the messages after it. `request` is the
   * one that `last` answered. Not called if there was no message: then the request stays. It should
   * change nothing. What it throws ends the stream.
   */
  next(last: M, request: R): R;

  /**
   * Options of each call. `timeoutMs` and `signal` cover all calls and waits together, while a
   * `timeoutMs` of the client covers each call, and ends the stream. Retries are off: this is one.
   */
  call?: Omit<StreamCallOptions, "retry">;

  /** Codes after which to go on. Default: `unavailable`, which is what a lost connection gives. */
  resumableCodes?: readonly Code[];

  /**
   * Calls in a row, without a message between them, after which to give up; the stream then fails
   * with the last error. At least 2; `Infinity`: never. Default: 10, about 30 seconds with the waits
   * below.
   */
  maxAttempts?: number;

  /** Wait after the first failure, in milliseconds, give or take 20 %. Default: 100. */
  initialBackoffMs?: number;

  /** The longest wait, in milliseconds, give or take 20 %. Default: 10 seconds. */
  maxBackoffMs?: number;

  /** By what each wait is longer than the one before. Default: 2. */
  backoffMultiplier?: number;

  /** Told when a call was lost, before the wait. What it throws ends the stream. */
  onInterrupt?: (event: InterruptEvent) => void;

  /** Told when the first message comes after that, before you get it. What it throws ends the stream. */
  onResume?: (event: ResumeEvent<R>) => void;
}

/** A call was lost; another one follows. */
export interface InterruptEvent {
  /** Why. */
  readonly error: ConnectError;
  /** How many failures in a row: 1 for the first since a message. */
  readonly retry: number;
  /** How long the wait is, in milliseconds. */
  readonly delayMs: number;
}

/** Messages come again. */
export interface ResumeEvent<R> {
  /** What was asked for. */
  readonly request: R;
  /** How many calls that took. */
  readonly retries: number;
}

/** The options of each call, as far as they are ours. */
const call: Setting = {
  check(option, value) {
    if (!isObject(value)) throw invalidOption(option, "an object", value);
    checkOptions(callOptions, value, `${option}.`);
  },
};

const resumeOptions: Group<keyof ResumeOptions<unknown, unknown>> = {
  settings: {
    request: valueThat("a request", () => true),
    next: { ...functionOption, required: true },
    call,
    resumableCodes: { check: checkCodes },
    maxAttempts: valueThat(
      "a whole number of 2 or more, or Infinity",
      (value) =>
        value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && Number(value) >= 2),
    ),
    ...backoff,
    onInterrupt: functionOption,
    onResume: functionOption,
  },
};

const defaults = {
  resumableCodes: [Code.Unavailable],
  // A rolling restart is over in less than this gives.
  maxAttempts: 10,
  initialBackoffMs: 100,
  maxBackoffMs: 10_000,
  backoffMultiplier: 2,
};

/**
 * A server stream that survives lost connections and restarts of the server. When its call fails,
 * `next` says what to ask for after the last message, and the messages of the next call follow:
 * without gaps or doubles, if the server answers such requests so. `watch` is a client's method of a
 * server-streaming RPC.
 *
 * The stream ends when a call ends well, fails with another code, or `maxAttempts` is used up.
 * `header` is that of the first call whose headers arrived, `trailer` that of the last; `outcome`
 * sums up all calls, and says in `attempts` how many there were.
 */
export function resumable<R, M extends object>(
  watch: (request: R, options?: StreamCallOptions) => MessageStream<M>,
  options: ResumeOptions<NoInfer<R>, NoInfer<M>>,
): MessageStream<M> {
  checkOption("resumable", resumeOptions, options);
  const { resumableCodes, maxAttempts, initialBackoffMs, maxBackoffMs, backoffMultiplier } = {
    ...defaults,
    ...definedOnly(options),
  };
  return new ResumingCall<R, M>(watch, options, {
    codes: new Set(resumableCodes),
    backoff: { initialBackoffMs, maxBackoffMs, backoffMultiplier },
    maxRetries: maxAttempts - 1,
  });
}
