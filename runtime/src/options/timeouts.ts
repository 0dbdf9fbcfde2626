// SPDX-License-Identifier: Apache-2.0
import { type Group, type NumberSetting, wholeFrom } from "./declare.js";
import { MAX_TIMER_MS } from "./max-timer.js";

export { MAX_TIMER_MS };

/**
 * Time limits within a streaming call, in milliseconds, on either side. Each works on its own;
 * `timeoutMs` is the limit of the whole call. None is set by default. Unary calls have none of
 * them.
 *
 * Each is a whole number from 1 to 2147483647; any other value throws a `RangeError` where it is
 * set.
 */
export interface StreamTimeouts {
  /**
   * The time from the start of the call until its first message arrives, read or not. Then the call
   * ends with `deadline_exceeded`. On the server of a server-streaming RPC that message is the
   * request; on the client of a client-streaming RPC it is the response.
   */
  firstMessageMs?: number | undefined;

  /**
   * The time without a message in either direction: `send` accepts none, none arrives, and none is
   * read. Then the call ends with `deadline_exceeded`, up to an eighth of this time late. A
   * heartbeat that the schema declares counts as a message on the client, but not on the server.
   */
  idleMs?: number | undefined;

  /**
   * The time for one `recv`: the default of `RecvOptions.timeoutMs`, in loops too. Then that `recv`
   * rejects with `deadline_exceeded`; the stream goes on and no message is lost. Does not apply to
   * `closeAndRecv`.
   */
  recvMs?: number | undefined;

  /**
   * The time that one `send` may wait because the peer does not read, or because the client has no
   * connection yet. Then this `send` and all behind it reject with `deadline_exceeded`, and the
   * call ends: it would go on holding memory for a stalled peer. Each `send` counts from when it is
   * first in line. Up to an eighth of this time late.
   */
  sendMs?: number | undefined;

  /**
   * The age of the whole stream. Then the call ends with `unavailable`, and its text tells the
   * client to reconnect. This spreads long streams over servers, or renews what was checked at the
   * start. A handler's `context.signal` aborts first, with that error as its reason.
   */
  maxAgeMs?: number | undefined;
}

/** A time that a timer can hold, in milliseconds. */
export const milliseconds: NumberSetting = wholeFrom(1, MAX_TIMER_MS);

/** Limits of time within a call: a new one is an entry here, kept in `call/timeouts.ts`. */
export const timeouts: Group<keyof StreamTimeouts> = {
  needs: "stream",
  settings: {
    firstMessageMs: milliseconds,
    idleMs: milliseconds,
    recvMs: { ...milliseconds, needs: "received stream" },
    sendMs: milliseconds,
    maxAgeMs: milliseconds,
  },
};
