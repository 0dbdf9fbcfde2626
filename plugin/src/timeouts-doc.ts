// SPDX-License-Identifier: Apache-2.0
import type { StreamTimeouts } from "connect-stream/gen/connectstream/v1/options_pb.js";
import { ifDefined } from "./if-defined.js";
import type { Ending } from "./policy-ending.js";
import { duration } from "./units.js";

/**
 * Timeouts that end a stream, in sentences: that of one `recv` ends none. `reader` is who reads what
 * the side with the timeouts sends, if there is more than one message to read.
 */
export function timeoutLines(
  { firstMessageMs, idleMs, sendMs, maxAgeMs }: StreamTimeouts,
  { late, old }: Ending,
  reader: string | undefined,
): string[] {
  return [
    ...ifDefined(firstMessageMs, (ms) => [
      `${late} unless a message arrives within ${duration(ms)}.`,
    ]),
    ...ifDefined(idleMs, (ms) => [`${late} after ${duration(ms)} without a message either way.`]),
    ...ifDefined(reader === undefined ? undefined : sendMs, (ms) => [
      `${late} when a message waits ${duration(ms)} for ${reader} to read.`,
    ]),
    ...ifDefined(maxAgeMs, (ms) => [`${old(duration(ms))}.`]),
  ];
}
