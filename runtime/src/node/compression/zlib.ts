// SPDX-License-Identifier: Apache-2.0
import type { BrotliOptions, ZlibOptions } from "node:zlib";
import { toUint8Array } from "../to-uint8array.js";

/** A function of `node:zlib` that works on the spot. */
export type ZlibSync = (data: Uint8Array, options: ZlibOptions & BrotliOptions) => Buffer;

/** One that works in the thread pool. */
export type Zlib = (
  data: Uint8Array,
  options: ZlibOptions & BrotliOptions,
  callback: (error: Error | null, result: Buffer) => void,
) => void;

/** Each chunk is a trip to the thread pool and back, and all are joined at the end. */
const MIN_CHUNK_BYTES = 1024;

/** How much memory to take for what may not come: data can say of itself what it likes. */
const MAX_CHUNK_BYTES = 128 * 1024;

/** How large a chunk to make, where so many bytes are expected. */
export function chunkBytes(expected: number): number {
  return Math.min(Math.max(expected, MIN_CHUNK_BYTES), MAX_CHUNK_BYTES);
}

/** `run` as a promise. */
export function inThreadPool(
  run: Zlib,
  data: Uint8Array,
  options: ZlibOptions & BrotliOptions,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    run(data, options, (error, result) => (error ? reject(error) : resolve(toUint8Array(result))));
  });
}
