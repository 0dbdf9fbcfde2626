// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";
import type { HandlerOverrun } from "../api/observer.js";
import type { RecvOptions, SendOptions } from "../api/options.js";
import type { EndedBy } from "../api/outcome.js";
import type { Clock } from "../call/clock.js";
import type { QueueFills } from "../options/queues.js";
import type { OnError } from "./client-error.js";
import type { AbortableContext } from "./context.js";
import type { ServerObservation } from "./observe.js";
import type { CallLayers } from "./pipeline.js";

/**
 * The server's end of one call, as handlers' streams need it, whatever carries it. Messages are of
 * the types of the call's method; the streams that handlers get say which.
 */
export interface ServerCall {
  readonly context: AbortableContext;
  recv(options?: RecvOptions): Promise<object | undefined>;
  send(message: object, options?: SendOptions): Promise<void>;
  sendHeaders(): void;
  /** The handler of a call within this one goes on after its end. */
  overran(overrun: HandlerOverrun): void;
  /** What waits in its queues. */
  queued(): QueueFills;
  /**
   * Ends the call now with `error`, whatever the handler does. Its signal aborts first. `by`: whom
   * the outcome names; default `server`.
   */
  abort(error: ConnectError, by?: EndedBy): void;
}

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

/** Runs a handler on a call. Settles when the handler has: what it sent leaves, then the call ends. */
export type RunHandler = (call: ServerCall) => Promise<void>;
