// SPDX-License-Identifier: Apache-2.0
import { type Group, type NumberSetting, wholeFrom } from "./declare.js";
import { MAX_TIMER_MS } from "./max-timer.js";

export { MAX_TIMER_MS };

/**
 * Limits of time within a streaming call, in milliseconds, each on its own, on either side; that
 * of the whole call is `timeoutMs`. None is set by default. Unary calls have none of them.
 *
 * Each is a whole number from 1 to 2147483647; another one throws a `RangeError` where it is set.
 */
export interface StreamTimeouts {
  /**
   * From the start of the call to the arrival of its first message, read or not. Ends the call
   * with `deadline_exceeded`. For a server-streaming RPC the server's first message is the request;
   * for a client-streaming one the client's is the response.
   */
  firstMessageMs?: number | undefined;

  /**
   * Without a message in either direction: none that is accepted by `send`, none that arrives, and
   * none that is read. Ends the call with `deadline_exceeded`, up to an eighth of this time late.
   * A heartbeat that the schema declares is a message for the client, and none for the server.
   */
  idleMs?: number | undefined;

  /**
   * One `recv`: the default of `RecvOptions.timeoutMs`, for loops too. Rejects that `recv` with
   * `deadline_exceeded`; the stream goes on and no message is lost. Not for `closeAndRecv`, which
   * is given its response once or never.
   */
  recvMs?: number | undefined;

  /**
   * One `send` that waits because the peer does not read, or because the client has no connection
   * yet. It, and all behind it, reject with `deadline_exceeded`, and the call ends: memory is held
   * for a peer that is stalled. Those behind it count from when they come first. Up to an eighth
   * of this time late.
   */
  sendMs?: number | undefined;

  /**
   * The whole stream. Ends the call with `unavailable`, which says of itself that the client may
   * come again: to spread long streams over servers, or to renew what was checked at the start.
   * A handler's `context.signal` aborts first, with that error as reason.
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
