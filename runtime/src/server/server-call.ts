// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";
import type { HandlerOverrun } from "../api/observer.js";
import type { RecvOptions, SendOptions } from "../api/options.js";
import type { EndedBy } from "../api/outcome.js";
import type { QueueFills } from "../options/queues.js";
import type { AbortableContext } from "./context.js";

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

/** Runs a handler on a call. Settles when the handler has: what it sent leaves, then the call ends. */
export type RunHandler = (call: ServerCall) => Promise<void>;
