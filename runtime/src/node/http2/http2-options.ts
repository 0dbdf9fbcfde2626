// SPDX-License-Identifier: Apache-2.0
import type { Http2Options } from "../../http2/index.js";
import { type Group, wholeFrom } from "../../options/declare.js";
import { MAX_TIMER_MS } from "../../options/timeouts.js";

/** Limits of HTTP/2 that have no option of their own. */
export type Http2Tuning = Omit<
  Http2Options,
  "maxConcurrentStreams" | "maxHeaderListBytes" | "resets"
>;

const MAX_BYTES = 2 ** 31 - 1;

const bytes = wholeFrom(1, MAX_BYTES);
const milliseconds = wholeFrom(1, MAX_TIMER_MS);

/** The option `http2`. */
export const http2Tuning: Group<keyof Http2Tuning> = {
  settings: {
    headerTableBytes: wholeFrom(0, MAX_BYTES),
    streamWindowBytes: bytes,
    maxStreamWindowBytes: bytes,
    connectionWindowBytes: bytes,
    maxConnectionWindowBytes: bytes,
    maxUnreadBytes: bytes,
    streamBufferBytes: bytes,
    minPingIntervalMs: wholeFrom(0, MAX_TIMER_MS),
    prefaceTimeoutMs: milliseconds,
    settingsTimeoutMs: milliseconds,
    stallTimeoutMs: milliseconds,
  },
};
