// SPDX-License-Identifier: Apache-2.0
import { huffmanEncode, huffmanLength } from "./huffman.js";

const HUFFMAN = 0x80;

/**
 * Writes an integer behind the bits of `pattern`, in as many as `mask` has. Returns where it ends.
 * https://www.rfc-editor.org/rfc/rfc7541.html#section-5.1
 */
export function writeInteger(
  target: Uint8Array,
  at: number,
  pattern: number,
  mask: number,
  value: number,
): number {
  if (value < mask) {
    target[at] = pattern | value;
    return at + 1;
  }
  let end = at;
  target[end++] = pattern | mask;
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) target[end++] = (rest & 0x7f) | 0x80;
  target[end++] = rest;
  return end;
}

/**
 * Writes a string of octets. `shorten`: in Huffman code, where that is shorter; it takes longer to
 * write and to read. Returns where it ends.
 */
export function writeString(
  target: Uint8Array,
  at: number,
  text: string,
  shorten: boolean,
): number {
  if (shorten) {
    const length = huffmanLength(text);
    if (length < text.length) {
      return huffmanEncode(text, target, writeInteger(target, at, HUFFMAN, 0x7f, length));
    }
  }
  let end = writeInteger(target, at, 0, 0x7f, text.length);
  for (let i = 0; i < text.length; i++) target[end++] = text.charCodeAt(i);
  return end;
}
