// SPDX-License-Identifier: Apache-2.0
import type { BodyCoding } from "../protocol.js";
import type { EnvelopeTarget } from "./envelope-writer.js";

/** `target`, for bodies that are not the bytes of envelopes. */
export function encodedTarget(target: EnvelopeTarget, coding: BodyCoding): EnvelopeTarget {
  return {
    allocate: (bytes) => target.allocate(bytes),
    write(pieces) {
      const length = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
      return target.write([coding.encode(pieces, length)]);
    },
    defer: (task, of) => target.defer(task, of),
  };
}
