// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";

/** A sample as every implementation can send it. */
export interface PlainSample {
  readonly name: string;
  readonly sequence: number;
  readonly value: number;
  readonly unit: string;
  readonly attachment: Uint8Array;
  readonly log: string;
}

/** What a sample takes on the wire beside what fills it. */
const OTHER_BYTES = 59;

/** How long a filling may be for its length to fit into one byte, two, three. */
const VARINT_LIMITS = [2 ** 7, 2 ** 14, 2 ** 21];

/**
 * A sample of `size` bytes; the smallest has 59. Those who send prepare one, and send it again and
 * again: making messages is none of what is compared.
 */
export function plainSample(size: number, text = false): PlainSample {
  const fill = fillBytes(size);
  return {
    name: "host-0042/cpu/3/utilisation",
    sequence: 123_456,
    value: 0.734_215,
    unit: "ratio of a core",
    attachment: randomBytes(text ? 0 : fill),
    log: text ? logLines(fill) : "",
  };
}

/** How many bytes fill a sample, behind a tag and their length. */
function fillBytes(size: number): number {
  const rest = size - OTHER_BYTES - 1;
  const lengthBytes = 1 + VARINT_LIMITS.findIndex((limit, at) => rest - (at + 1) < limit);
  return Math.max(rest - lengthBytes, 0);
}

/** Text that is alike and not the same from line to line. The Go peer has the same. */
function logLines(bytes: number): string {
  let text = "";
  for (let line = 0; text.length < bytes; line++) {
    const host = (line * 7919) % 997;
    const load = (line * 104_729) % 1000;
    text += `2026-03-01T12:00:00.${line}Z host-${host} cpu=${load / 10}% state=ok\n`;
  }
  return text.slice(0, bytes);
}
