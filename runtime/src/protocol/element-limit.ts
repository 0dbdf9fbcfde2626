// SPDX-License-Identifier: Apache-2.0
import type { DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { hasMoreElements } from "./elements-binary.js";
import { hasMoreJsonElements } from "./elements-json.js";

/**
 * Parses a message. `travelled`: its bytes as they came, if it was compressed. Throws a `ConnectError`
 * for what is no message.
 */
export type Parse<T> = (data: Uint8Array, travelled?: number) => T;

/**
 * Any message may have so many elements, which is 35 MB of objects at most: an element takes two bytes,
 * and up to 350 in memory, so that 4 KB of gzip could make two million of them, and 700 MB.
 */
const BASE_ELEMENTS = 100_000;

/**
 * So many more for each byte that travelled. Elements that differ in one bit have 4 to 6 a byte with
 * gzip and brotli. What was not compressed has at most one for two bytes, so it is never looked at.
 */
const ELEMENTS_PER_BYTE = 16;

/** The fewest bytes of an element: the tag of an empty message, and its length. */
const MIN_ELEMENT_BYTES = 2;

/** `parse`, for messages that make no more of a few bytes than any sender has reason to. */
export function limitElements<T>(
  parse: (data: Uint8Array) => T,
  desc: DescMessage,
  binary: boolean,
): Parse<T> {
  const hasMore = binary ? hasMoreElements : hasMoreJsonElements;
  return (data, travelled = data.byteLength) => {
    const max = BASE_ELEMENTS + ELEMENTS_PER_BYTE * travelled;
    if (data.byteLength > max * MIN_ELEMENT_BYTES && hasMore(desc, data, max)) {
      throw new ConnectError(
        `message has more than ${max} elements, the limit for ${travelled} bytes of compressed data`,
        Code.ResourceExhausted,
      );
    }
    return parse(data);
  };
}
