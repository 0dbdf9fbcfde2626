// SPDX-License-Identifier: Apache-2.0
import type { CallOptions, ConnectRouterOptions, HandlerContext } from "@connectrpc/connect";
import type { StreamLimits } from "../options/limits.js";
import type { StreamQueues } from "../options/queues.js";
import type { RetryPolicy } from "../options/retry.js";
import type { StreamTimeouts } from "../options/timeouts.js";
import type { StreamValidation } from "../options/validation.js";
import type { RpcObserver } from "./observer.js";

/** Options of one `recv`. */
export interface RecvOptions {
  /** Stops the wait. No message is lost: the next `recv` gets it. */
  signal?: AbortSignal;
  /**
   * Stops the wait with `deadline_exceeded` after this many milliseconds. The stream goes on. 0 or
   * less takes only a message that has arrived already. Anything but a number rejects with a
   * `RangeError`.
   */
  timeoutMs?: number;
}

/** Options of one `send`. */
export interface SendOptions {
  /** Withdraws the message, unless it has been accepted already. The stream goes on. */
  signal?: AbortSignal;
}

/**
 * Options of one client call: those of Connect, and those below. Invalid values throw a
 * `RangeError`; a unary call rejects with it.
 */
export interface StreamCallOptions extends CallOptions {
  /**
   * Headers to send. An invalid one, such as a name with a blank, fails the call with `internal`,
   * and nothing is sent.
   */
  headers?: HeadersInit;

  /**
   * Time allowed for this call, in milliseconds; overrides the client's. 0 or less means no limit, as
   * in Connect: don't pass a budget that is used up. Anything but a number throws a `RangeError`.
   */
  timeoutMs?: number;

  /** Limits of time within this stream. Each overrides the client's. Default: none. */
  timeouts?: StreamTimeouts;

  /** Limits of size for this call. Each overrides the client's. */
  limits?: StreamLimits;

  /** Queues of this stream. Each setting overrides the client's. Not for unary calls. */
  queues?: StreamQueues;

  /** Retries of this call; replaces the client's. `false`: none. */
  retry?: RetryPolicy | false;

  /** Validation of this call's messages; replaces the client's. `false`: none. */
  validation?: StreamValidation | false;
}

/** Options of a generated client. Invalid values throw a `RangeError`. */
export interface StreamClientOptions {
  /**
   * Time allowed for each call, in milliseconds, unless the call sets its own `timeoutMs`. 0: none.
   * Default: that of the transport, which by default has none.
   */
  timeoutMs?: number;

  /** Limits of time within each stream, unless a call sets its own. Default: none. */
  timeouts?: StreamTimeouts;

  /** Limits of size for each call, unless it sets its own. Default: those of the transport. */
  limits?: StreamLimits;

  /** Queues of each stream, unless a call sets its own. Not for unary calls. */
  queues?: StreamQueues;

  /**
   * Retries calls that fail before any of their response has been seen. `{}` has safe defaults.
   * Default: none.
   */
  retry?: RetryPolicy | false;

  /**
   * Checks each response message, and with `sent: true` each request message, unary RPCs included.
   * An invalid response ends the call with `internal`; an invalid request is not sent, and its
   * `send` rejects with `invalid_argument`. Rules that do not compile throw a `TypeError` when the
   * client is created. Default: none.
   */
  validation?: StreamValidation;

  /** Watches all calls of the client. For more than one see `combineObservers`. Default: none. */
  observer?: RpcObserver;
}

/**
 * Options of `registerXService`: those of Connect's router, limits and error reporting. Invalid
 * values throw a `RangeError`.
 */
export interface StreamServiceOptions extends ConnectRouterOptions {
  /** Limits of time within each stream, as the server sees it. Default: none. */
  timeouts?: StreamTimeouts;

  /**
   * Limits of size. Those of a message override the server's `readMaxBytes` and `writeMaxBytes`, and
   * also apply to unary RPCs. Default: those of the server.
   */
  limits?: StreamLimits;

  /** Queues of each stream. */
  queues?: StreamQueues;

  /** Watches all calls of the service. For more than one see `combineObservers`. Default: none. */
  observer?: RpcObserver;

  /**
   * Checks each request message, and with `sent: true` each response message, unary RPCs included.
   * An invalid request ends the call with `invalid_argument`, whatever the handler does; an invalid
   * response is not sent, and its `send` rejects with `internal`. Rules that do not compile throw a
   * `TypeError` when the service is registered. Default: none.
   */
  validation?: StreamValidation;

  /**
   * Called with what goes wrong in a handler and what its clients don't see in full. Default: print
   * it to standard error.
   * - Anything thrown that is not a `ConnectError`. Clients see `internal`, without its text.
   * - A handler that returns without `sendAndClose`, calls it twice, or returns a generator.
   *   Clients see `internal`.
   * - Parts of a `ConnectError` that can't be encoded. Clients see the error without them.
   * - A handler that goes on after the end of its call (see `overrunMs`), or sends after it has
   *   returned.
   */
  onError?: (error: unknown, context: HandlerContext) => void;

  /**
   * How long a handler may go on after a cancel, a lost connection or a deadline has ended its
   * call, in milliseconds. After that, `onError` and the observer's `onOverrun` are called. 0:
   * never. Default: 30 seconds.
   */
  overrunMs?: number;
}
