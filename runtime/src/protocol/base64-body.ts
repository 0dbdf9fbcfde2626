// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { BodyCoding, BodyDecoding } from "./protocol.js";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PADDING = 0x3d;

const characters = new TextEncoder().encode(ALPHABET);

/** The value of each character; -1: it is none. */
const values = new Int8Array(256).fill(-1);
characters.forEach((character, value) => {
  values[character] = value;
});

/**
 * Bodies in base64. Each write is padded, so that its reader need not wait for the next: padding may
 * stand anywhere in a body.
 */
export const base64Body: BodyCoding = {
  encode: encodeBase64,
  createDecoder: () => new Base64Decoder(),
};

function encodeBase64(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const encoded = new Uint8Array(Math.ceil(length / 3) * 4).fill(PADDING);
  let bits = 0;
  let count = 0;
  let at = 0;
  const write = (sextet: number) => {
    encoded[at++] = characters[sextet & 63] ?? 0;
  };
  for (const piece of pieces) {
    for (const byte of piece) {
      bits = (bits << 8) | byte;
      if (++count < 3) continue;
      for (const shift of [18, 12, 6, 0]) write(bits >> shift);
      bits = 0;
      count = 0;
    }
  }
  if (count === 1) for (const sextet of [bits >> 2, bits << 4]) write(sextet);
  if (count === 2) for (const sextet of [bits >> 10, bits >> 4, bits << 2]) write(sextet);
  return encoded;
}

/** Decodes a body piece by piece, wherever it was cut, and whatever of it is padded. */
class Base64Decoder implements BodyDecoding {
  /** What has come of a group of four characters. */
  #bits = 0;
  #count = 0;
  #padding = 0;

  push(chunk: Uint8Array): Uint8Array {
    const groups = Math.floor((this.#count + chunk.byteLength) / 4);
    const decoded = new Uint8Array(groups * 3);
    let at = 0;
    for (const character of chunk) {
      this.#take(character);
      if (this.#count < 4) continue;
      const bytes = 3 - this.#padding;
      const bits = this.#bits << (6 * this.#padding);
      for (let byte = 0; byte < bytes; byte++) decoded[at++] = bits >> (16 - 8 * byte);
      this.#bits = this.#count = this.#padding = 0;
    }
    return decoded.subarray(0, at);
  }

  end(): void {
    if (this.#count > 0) throw malformed("it ends within a group of four characters");
  }

  #take(character: number): void {
    const value = values[character] ?? -1;
    const isPadding = character === PADDING && this.#count >= 2;
    if (isPadding) this.#padding++;
    else if (value < 0 || this.#padding > 0) {
      throw malformed(`it has the byte 0x${character.toString(16)} in it`);
    } else this.#bits = (this.#bits << 6) | value;
    this.#count++;
  }
}

function malformed(why: string): ConnectError {
  return new ConnectError(`protocol error: the body is not base64: ${why}`, Code.InvalidArgument);
}
