// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation For the generator: clients in a browser have no use for it. */
import type { StreamTimeouts } from "./timeouts.js";

/** What generated comments say of a limit of time. */
export interface TimeLimitDoc {
  /** What it ends: the call, with this code, or a single `recv`. */
  readonly ends: "deadline_exceeded" | "unavailable" | "recv";
  /** When. `reader`: who reads what this side sends, unless that is one message. */
  readonly when: (time: string, reader: string | undefined) => string | undefined;
}

/** Of each limit of time. */
export const timeLimitDocs: Readonly<Record<keyof StreamTimeouts, TimeLimitDoc>> = {
  firstMessageMs: {
    ends: "deadline_exceeded",
    when: (time) => `unless a message arrives within ${time}`,
  },
  idleMs: {
    ends: "deadline_exceeded",
    when: (time) => `after ${time} without a message either way`,
  },
  recvMs: { ends: "recv", when: (time) => `after ${time}` },
  sendMs: {
    ends: "deadline_exceeded",
    when: (time, reader) => reader && `when a message waits ${time} for ${reader} to read`,
  },
  maxAgeMs: { ends: "unavailable", when: (time) => `after ${time}` },
};
