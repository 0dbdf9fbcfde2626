// SPDX-License-Identifier: Apache-2.0
import zlib, { type BrotliOptions, type ZlibOptions } from "node:zlib";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import { type NativeCompression, registerNativeCompression } from "../../protocol/compression.js";
import { toUint8Array } from "../to-uint8array.js";
import { decompressor } from "./decompression.js";
import { chunkBytes, inThreadPool } from "./zlib.js";

/**
 * Up to so many bytes are compressed on the spot. The thread pool costs the event loop some 30 µs,
 * in which gzip compresses 4 KiB, and brotli 1 KiB.
 */
const GZIP_NOW_MAX_BYTES = 4096;
const BROTLI_NOW_MAX_BYTES = 1024;

/** The windows that deflate can have, and how much of one it keeps free. */
const MIN_WINDOW_BITS = 9;
const MAX_WINDOW_BITS = 15;
const WINDOW_MARGIN_BYTES = 262;

/** At a `memLevel`, deflate gathers 2 ^ (level + 6) symbols for a block: here, a whole window. */
const SYMBOL_BITS_AT_LEVEL_0 = 6;

/** By how much gzip can make a message larger: its frame, and what announces stored blocks. */
const GZIP_OVERHEAD_BYTES = 64;

/** What a gzip has around its data at least. */
const GZIP_FRAME_BYTES = 18;

/**
 * Node's default of 11 is for files that are compressed once: 1.4 ms for 1 KiB, 86 ms for 64 KiB.
 * This takes 30 µs and 1 ms, and makes about as few bytes as gzip.
 */
const BROTLI_QUALITY = 4;

/** How far brotli is guessed to have compressed; its data does not say. */
const BROTLI_GUESSED_RATIO = 8;

const gzip: NativeCompression = {
  compress(data) {
    const options = deflateOptions(data.byteLength);
    return data.byteLength <= GZIP_NOW_MAX_BYTES
      ? toUint8Array(zlib.gzipSync(data, options))
      : inThreadPool(zlib.gzip, data, options);
  },
  decompress: decompressor(zlib.gunzipSync, zlib.gunzip, gunzippedBytes),
  expectedBytes: gunzippedBytes,
};

const brotli: NativeCompression = {
  compress(data) {
    const options = brotliOptions(data.byteLength);
    return data.byteLength <= BROTLI_NOW_MAX_BYTES
      ? toUint8Array(zlib.brotliCompressSync(data, options))
      : inThreadPool(zlib.brotliCompress, data, options);
  },
  decompress: decompressor(zlib.brotliDecompressSync, zlib.brotliDecompress, unbrotliedBytes),
  expectedBytes: unbrotliedBytes,
};

/**
 * Makes messages of Connect-Node's compressions go through this file. The formats are the same;
 * small messages are done on the spot, larger ones in one trip to the thread pool.
 */
export function registerNodeCompressions(): void {
  registerNativeCompression(compressionGzip, gzip);
  registerNativeCompression(compressionBrotli, brotli);
}

/** A window and tables for so many bytes: they find no less than larger ones, and take less to set up. */
function deflateOptions(byteLength: number): ZlibOptions {
  const needed = Math.ceil(Math.log2(byteLength + WINDOW_MARGIN_BYTES));
  const windowBits = Math.min(Math.max(needed, MIN_WINDOW_BITS), MAX_WINDOW_BITS);
  return {
    windowBits,
    memLevel: Math.min(windowBits - SYMBOL_BITS_AT_LEVEL_0, zlib.constants.Z_DEFAULT_MEMLEVEL),
    chunkSize: chunkBytes(byteLength + GZIP_OVERHEAD_BYTES),
  };
}

function brotliOptions(byteLength: number): BrotliOptions {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
  return {
    params: { [BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [BROTLI_PARAM_SIZE_HINT]: byteLength },
  };
}

/** What a gzip says that it decompresses to: its last four bytes. */
function gunzippedBytes({ buffer, byteOffset, byteLength }: Uint8Array): number {
  if (byteLength < GZIP_FRAME_BYTES) return 0;
  return new DataView(buffer, byteOffset, byteLength).getUint32(byteLength - 4, true);
}

function unbrotliedBytes({ byteLength }: Uint8Array): number {
  return byteLength * BROTLI_GUESSED_RATIO;
}
