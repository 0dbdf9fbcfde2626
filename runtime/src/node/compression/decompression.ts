// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:buffer";
import { Code, ConnectError } from "@connectrpc/connect";
import type { NativeCompression } from "../../protocol/compression.js";
import { toUint8Array } from "../to-uint8array.js";
import { chunkBytes, inThreadPool, type Zlib, type ZlibSync } from "./zlib.js";

/**
 * Up to so many bytes are made on the spot. The thread pool costs the event loop 25 µs and more,
 * in which zlib makes some 10 KiB.
 */
const NOW_MAX_BYTES = 16 * 1024;

/** `decompress` of a compression, by the two functions that Node has for it. */
export function decompressor(
  sync: ZlibSync,
  async: Zlib,
  expectedBytes: NativeCompression["expectedBytes"],
): NativeCompression["decompress"] {
  return (data, maxBytes) => {
    if (data.byteLength === 0) return data;
    const expected = expectedBytes(data);
    // One more than that, or zlib asks for another chunk to see that nothing is left.
    const chunkSize = chunkBytes(expected + 1);
    const now = expected <= NOW_MAX_BYTES ? decompressNow(sync, data, chunkSize, maxBytes) : null;
    if (now) return now;
    const maxOutputLength = Math.min(maxBytes, constants.MAX_LENGTH);
    return inThreadPool(async, data, { chunkSize, maxOutputLength }).catch((error: unknown) => {
      throw toConnectError(error, maxBytes);
    });
  };
}

/** `null`: there is more than the data says, or was guessed, and more than to make on the spot. */
function decompressNow(
  sync: ZlibSync,
  data: Uint8Array,
  chunkSize: number,
  maxBytes: number,
): Uint8Array | null {
  const maxOutputLength = Math.min(maxBytes, NOW_MAX_BYTES);
  try {
    return toUint8Array(sync(data, { chunkSize, maxOutputLength }));
  } catch (error) {
    if (maxOutputLength < maxBytes && codeOf(error) === TOO_LARGE) return null;
    throw toConnectError(error, maxBytes);
  }
}

const TOO_LARGE = "ERR_BUFFER_TOO_LARGE";

/** What Node calls data that is not in the format. */
const MALFORMED = /^Z_DATA_ERROR$|^ERR_PADDING_2$|^ERR__ERROR_FORMAT_/;

/** What Node calls a failure of this machine, and not of the data. */
const NO_MEMORY = /^Z_MEM_ERROR$|^ERR__ERROR_ALLOC_/;

/** The error that Connect-Node has for a failure of zlib. */
function toConnectError(error: unknown, maxBytes: number): ConnectError {
  const code = codeOf(error);
  if (NO_MEMORY.test(code)) {
    const text = "not enough memory to decompress";
    return new ConnectError(text, Code.ResourceExhausted, undefined, undefined, error);
  }
  const [text, status] =
    code === TOO_LARGE
      ? [
          `message is larger than configured readMaxBytes ${maxBytes} after decompression`,
          Code.ResourceExhausted,
        ]
      : ["decompression failed", MALFORMED.test(code) ? Code.InvalidArgument : Code.Internal];
  return new ConnectError(text, status, undefined, undefined, error);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
