// SPDX-License-Identifier: Apache-2.0
import type { Code, ConnectError } from "@connectrpc/connect";

/** Counts of one direction of a stream. */
export interface Traffic {
  /** Whole messages. */
  readonly messages: number;
  /** Bytes of those messages as they travelled (compressed, if they were), without framing. */
  readonly bytes: number;
  /**
   * Messages that a queue with `drop-oldest` has dropped. They don't count as sent; those received
   * count as received.
   */
  readonly dropped: number;
}

/**
 * Who ended a stream:
 * - `server`: the server answered, with success or with an error
 * - `client`: the client gave up (cancel, `close()`, an aborted signal)
 * - `deadline`: the time allowed for the call ran out
 * - `connection`: the connection broke, or was never made
 */
export type EndedBy = "server" | "client" | "deadline" | "connection";

/** How a stream ended. Settled once, never changed. */
export interface StreamOutcome {
  /** Status code, or `undefined` for success (Connect has no code for it). */
  readonly code: Code | undefined;
  /** The error that `recv` and `send` report, or `undefined` for success. */
  readonly error: ConnectError | undefined;
  /** What this side sent. */
  readonly sent: Traffic;
  /**
   * What this side received, read or not. Heartbeats that the schema declares count in `bytes`.
   * They don't count in `messages`, except for those still unread when the call ends.
   */
  readonly received: Traffic;
  /** From the start of the call to its end, in milliseconds. */
  readonly durationMs: number;
  /**
   * How often the call was made: 1, or more if the client has retries. The other fields are those of
   * the last attempt. On a server, which attempt this was.
   */
  readonly attempts: number;
  /** Who ended it. */
  readonly endedBy: EndedBy;
}
