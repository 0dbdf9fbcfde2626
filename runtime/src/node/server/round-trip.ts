// SPDX-License-Identifier: Apache-2.0
import type { Http2Session } from "node:http2";
import { LINGER_MS } from "../../server/half-close.js";

/**
 * Tells when a client has sent all that it was about to send. nghttp2, which Node's clients run on, may
 * hold a reset that is due, and puts the answer to a ping before it, into the same write. So it takes
 * two answers in a row: the second one comes after the reset.
 * https://github.com/nghttp2/nghttp2/blob/master/lib/nghttp2_session.c (`ob_urgent`)
 */
export class RoundTrip {
  readonly #ping: (onAnswer: () => void) => unknown;
  /** No answer has come since. */
  #fresh: (() => void)[] = [];
  /** One answer has come since. */
  #answered: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(ping: (onAnswer: () => void) => unknown) {
    this.#ping = ping;
  }

  /** Calls `tell` then, or after some seconds: there are clients that answer no pings. */
  wait(tell: () => void): void {
    this.#fresh.push(tell);
    // The answer to a ping that is on its way comes after what this one waits for.
    if (!this.#timer) this.#ask();
  }

  #ask(): void {
    const onAnswer = () => {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      const told = this.#answered;
      this.#answered = this.#fresh;
      this.#fresh = [];
      if (this.#answered.length > 0) this.#ask();
      for (const tell of told) tell();
    };
    this.#timer = setTimeout(onAnswer, LINGER_MS).unref();
    this.#ping(onAnswer);
  }
}

const roundTrips = new WeakMap<Http2Session, RoundTrip>();

/** That of a connection of Node's. */
export function roundTripOf(session: Http2Session): RoundTrip {
  const known = roundTrips.get(session);
  if (known) return known;
  const made = new RoundTrip((onAnswer) => {
    // On a connection that is gone, Node throws, or calls back with an error.
    if (!session.destroyed) session.ping((error) => error ?? onAnswer());
  });
  roundTrips.set(session, made);
  return made;
}
