// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";

/** A sample as every implementation can send it. */
export interface PlainSample {
  readonly name: string;
  readonly sequence: number;
  readonly value: number;
  readonly unit: string;
  readonly attachment: Uint8Array;
}

/** What a sample takes on the wire beside its attachment, and what announces that. */
const OTHER_BYTES = 59;
const ANNOUNCE_BYTES = 4;

/**
 * A sample of `size` bytes; the smallest has 59. Those who send prepare one, and send it again and
 * again: making messages is none of what is compared.
 */
export function plainSample(size: number): PlainSample {
  return {
    name: "host-0042/cpu/3/utilisation",
    sequence: 123_456,
    value: 0.734_215,
    unit: "ratio of a core",
    attachment: randomBytes(Math.max(size - OTHER_BYTES - ANNOUNCE_BYTES, 0)),
  };
}
