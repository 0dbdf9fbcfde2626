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
  /** How much has arrived and is unread: a snapshot, cheap to read. */
  readonly queued: Pick<QueueFills, "receive">;

  /**
   * Receives the next message; `undefined` at the end of the stream, and again at each later call.
   * Rejects with a `ConnectError` if the stream failed, after the messages that came before.
   */
  recv(options?: RecvOptions): Promise<M | undefined>;
}

/** Options of `resumable`: how to go on after a lost call. Invalid values throw a `RangeError`. */
export interface ResumeOptions<R, M> {
  /** The first request. */
  request: R;

  /**
   * Returns the request for the messages after `last`, the last message received. `request` is the
   * one that `last` answered. Not called before the first message: the same request is sent again.
   * `next` should have no side effects. An error that it throws ends the stream.
   */
  next(last: M, request: R): R;

  /**
   * Options of each call. `timeoutMs` and `signal` cover all calls and waits together. A
   * `timeoutMs` of the client covers each call, and ends the stream when it passes. Retries are
   * off: resuming replaces them.
   */
  call?: Omit<StreamCallOptions, "retry">;

  /** Codes after which to call again. Default: `unavailable`, the code of a lost connection. */
  resumableCodes?: readonly Code[];

  /**
   * How many calls in a row may fail, without a message between them, before the stream fails with
   * the last error. At least 2; `Infinity`: any number. Default: 10, about 30 seconds with the
   * default waits.
   */
  maxAttempts?: number;

  /** Wait after the first failure, in milliseconds, give or take 20 %. Default: 100. */
  initialBackoffMs?: number;

  /** The longest wait, in milliseconds, give or take 20 %. Default: 10 seconds. */
  maxBackoffMs?: number;

  /** Backoff multiplier: each wait is so many times the one before. Default: 2. */
  backoffMultiplier?: number;

  /** Called when a call is lost, before the wait. An error that it throws ends the stream. */
  onInterrupt?: (event: InterruptEvent) => void;

  /**
   * Called when messages arrive again, before you get the first. An error that it throws ends the
   * stream.
   */
  onResume?: (event: ResumeEvent<R>) => void;
}

/** A call was lost; another one follows. */
export interface InterruptEvent {
  /** Why it was lost. */
  readonly error: ConnectError;
  /** How many calls in a row have failed: 1 for the first after a message. */
  readonly retry: number;
  /** How long the wait is, in milliseconds. */
  readonly delayMs: number;
}

/** Messages arrive again after an interruption. */
export interface ResumeEvent<R> {
  /** The request of the call that brings them. */
  readonly request: R;
  /** How many calls it took. */
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
 * `next` makes the request for the messages after the last one, and the stream goes on with the
 * messages of that call. It has no gaps or duplicates if the server answers such requests without
 * any. `watch` is a client's method of a server-streaming RPC.
 *
 * The stream ends when a call succeeds, when one fails with another code, or when `maxAttempts` is
 * used up. `header` is that of the first call whose headers arrived, `trailer` that of the last;
 * `outcome` sums up all calls, and says in `attempts` how many there were.
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
