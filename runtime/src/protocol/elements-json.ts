// SPDX-License-Identifier: Apache-2.0
import type { DescMessage } from "@bufbuild/protobuf";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPENING: readonly number[] = [0x7b, 0x5b];
const SPACE: readonly number[] = [0x20, 0x09, 0x0a, 0x0d];

/** A string takes less than an object; and most are fields of one, as 64-bit numbers are. */
const STRING_SHARE = 0.25;

/**
 * Whether a message in JSON has more than `max` elements: objects, lists, and in part, strings that are
 * no names.
 */
export function hasMoreJsonElements(_: DescMessage, data: Uint8Array, max: number): boolean {
  let count = 0;
  for (let at = 0; at < data.byteLength && count <= max; at++) {
    const byte = data[at];
    if (byte === QUOTE) {
      at = endOfString(data, at);
      if (!isName(data, at)) count += STRING_SHARE;
    } else if (byte !== undefined && OPENING.includes(byte)) count++;
  }
  return count > max;
}

/** Where the string that begins at `at` has its other quote. */
function endOfString(data: Uint8Array, at: number): number {
  let end = at + 1;
  while (end < data.byteLength && data[end] !== QUOTE) end += data[end] === BACKSLASH ? 2 : 1;
  return end;
}

function isName(data: Uint8Array, end: number): boolean {
  let at = end + 1;
  while (SPACE.includes(data[at] ?? COLON)) at++;
  return data[at] === COLON;
}
