// SPDX-License-Identifier: Apache-2.0
import type { Http2Options } from "../../http2/index.js";
import { assertInteger, assertKnownKeys, definedOnly } from "../../options/settings.js";
import { MAX_TIMER_MS } from "../../options/timeouts.js";

/** Limits of HTTP/2 that have no option of their own. */
export type Http2Tuning = Omit<
  Http2Options,
  "maxConcurrentStreams" | "maxHeaderListBytes" | "resets"
>;

const MAX_BYTES = 2 ** 31 - 1;

/** Each with its least and its largest value. */
const ranges: { readonly [K in keyof Http2Tuning]-?: readonly [min: number, max: number] } = {
  headerTableBytes: [0, MAX_BYTES],
  streamWindowBytes: [1, MAX_BYTES],
  maxStreamWindowBytes: [1, MAX_BYTES],
  connectionWindowBytes: [1, MAX_BYTES],
  maxConnectionWindowBytes: [1, MAX_BYTES],
  maxUnreadBytes: [1, MAX_BYTES],
  streamBufferBytes: [1, MAX_BYTES],
  minPingIntervalMs: [0, MAX_TIMER_MS],
  prefaceTimeoutMs: [1, MAX_TIMER_MS],
  settingsTimeoutMs: [1, MAX_TIMER_MS],
  stallTimeoutMs: [1, MAX_TIMER_MS],
};

/** What of `http2` is set. Throws a `RangeError` for a limit that does not exist, or a value that is invalid. */
export function checkHttp2Tuning(http2: Http2Tuning): Http2Tuning {
  const names = Object.keys(ranges) as (keyof Http2Tuning)[];
  assertKnownKeys("http2", http2, names);
  for (const name of names) {
    const value = http2[name];
    if (value !== undefined) assertInteger(`http2.${name}`, value, ...ranges[name]);
  }
  return definedOnly(http2);
}
