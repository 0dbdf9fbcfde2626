// SPDX-License-Identifier: Apache-2.0
import type { ConnectError, HandlerContext } from "@connectrpc/connect";
import type { RecvOptions, SendOptions } from "../api/options.js";
import type { EndedBy } from "../api/outcome.js";
import type { Progress } from "../call/progress.js";
import type { QueueFills } from "../options/queues.js";

/**
 * The server's end of one call, as handlers' streams need it, whatever carries it. Messages are of
 * the types of the call's method; the streams that handlers get say which.
 */
export interface ServerCall {
  readonly context: HandlerContext;
  recv(options?: RecvOptions): Promise<object | undefined>;
  send(message: object, options?: SendOptions): Promise<void>;
  sendHeaders(): void;
  /** Whether nothing waits to be sent, on this side: then a message leaves at once. */
  writable(): boolean;
  /** How far the call has come. */
  progress(): Progress;
  /** What waits in its queues. */
  queued(): QueueFills;
  /**
   * Ends the call now with `error`, whatever the handler does. Its signal aborts first. `by`: whom
   * the outcome names; default `server`.
   */
  abort(error: ConnectError, by?: EndedBy): void;
  /** The same because of what the client sent, once it listens: some send all they have first. */
  refuse(error: ConnectError): void;
}

/** Runs a handler on a call. Settles when the handler has: the call ends then. */
export type RunHandler = (side: ServerCall) => Promise<void>;
