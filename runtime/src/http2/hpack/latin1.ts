// SPDX-License-Identifier: Apache-2.0

/** Arguments that a call takes, for sure, on every engine. */
const MAX_ARGUMENTS = 4096;

/**
 * A string of octets, one character each. Not a `TextDecoder`: what that calls latin1 is
 * windows-1252.
 */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= MAX_ARGUMENTS) return characters(bytes, start, end);
  let text = "";
  for (let at = start; at < end; at += MAX_ARGUMENTS) {
    text += characters(bytes, at, Math.min(at + MAX_ARGUMENTS, end));
  }
  return text;
}

function characters(bytes: Uint8Array, start: number, end: number): string {
  return Reflect.apply(String.fromCharCode, undefined, bytes.subarray(start, end));
}
