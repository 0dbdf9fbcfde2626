// SPDX-License-Identifier: Apache-2.0
import { Code, type ConnectError } from "@connectrpc/connect";
import type { ClientStream } from "../../api/client-stream.js";
import type { RecvOptions, StreamCallOptions } from "../../api/options.js";
import type { QueueFills } from "../../options/queues.js";
import {
  assertKnownKeys,
  checkCallTimeout,
  checkFunction,
  invalidOption,
} from "../../options/settings.js";
import { resolveBackoff } from "../backoff.js";
import { codesOf } from "../retry/retry-settings.js";
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

/** A rolling restart is over in less than this gives. */
const DEFAULT_MAX_ATTEMPTS = 10;

const known: readonly (keyof ResumeOptions<unknown, unknown>)[] = [
  "request",
  "next",
  "call",
  "resumableCodes",
  "maxAttempts",
  "initialBackoffMs",
  "maxBackoffMs",
  "backoffMultiplier",
  "onInterrupt",
  "onResume",
];

const defaultBackoff = { initialBackoffMs: 100, maxBackoffMs: 10_000, backoffMultiplier: 2 };

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
  check(options);
  const { resumableCodes = [Code.Unavailable], maxAttempts = DEFAULT_MAX_ATTEMPTS } = options;
  return new ResumingCall<R, M>(watch, options, {
    codes: codesOf("resumable.resumableCodes", resumableCodes),
    backoff: resolveBackoff("resumable", options, defaultBackoff),
    maxRetries: maxAttempts - 1,
  });
}

/** At once, and not at the first interruption. */
function check<R, M>(options: ResumeOptions<R, M>): void {
  assertKnownKeys("resumable", options, known);
  const { next, call, maxAttempts = DEFAULT_MAX_ATTEMPTS, onInterrupt, onResume } = options;
  if (typeof next !== "function") throw invalidOption("resumable.next", "a function", next);
  checkFunction("resumable.onInterrupt", onInterrupt);
  checkFunction("resumable.onResume", onResume);
  checkCallTimeout("resumable.call.timeoutMs", call?.timeoutMs);
  const endless = maxAttempts === Number.POSITIVE_INFINITY;
  if (endless || (Number.isInteger(maxAttempts) && maxAttempts >= 2)) return;
  throw invalidOption(
    "resumable.maxAttempts",
    "a whole number of 2 or more, or Infinity",
    maxAttempts,
  );
}
