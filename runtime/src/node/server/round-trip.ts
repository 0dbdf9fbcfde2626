// SPDX-License-Identifier: Apache-2.0
import type { Http2Session } from "node:http2";
import { LINGER_MS } from "../../server/half-close.js";

/** Tells when a client has heard of all that came before. Its answer to a ping comes after that. */
export class RoundTrip {
  readonly #ping: (onAnswer: () => void) => unknown;
  #waiting: (() => void)[] = [];

  constructor(ping: (onAnswer: () => void) => unknown) {
    this.#ping = ping;
  }

  /** Calls `tell` after the next answer, or in two seconds: some clients answer no pings. */
  wait(tell: () => void): void {
    // Whoever comes while a ping is on its way needs none: the answer comes after what it waits for.
    if (this.#waiting.push(tell) > 1) return;
    const timer = setTimeout(() => this.#tell(), LINGER_MS);
    this.#ping(() => {
      clearTimeout(timer);
      this.#tell();
    });
  }

  #tell(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const tell of waiting) tell();
  }
}

const roundTrips = new WeakMap<Http2Session, RoundTrip>();

/** That of a connection of Node's. */
export function roundTripOf(session: Http2Session): RoundTrip {
  const known = roundTrips.get(session);
  if (known) return known;
  const made = new RoundTrip((onAnswer) => session.ping(onAnswer));
  roundTrips.set(session, made);
  return made;
}
