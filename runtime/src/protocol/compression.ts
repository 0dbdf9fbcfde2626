// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "./connect-internals.js";

/**
 * What a platform can do for a `Compression` beyond its two functions. The same format, so that
 * any peer reads it.
 */
export interface NativeCompression {
  /** Compresses: at once where that costs less than to hand the data to another thread. */
  compress(data: Uint8Array): Uint8Array | Promise<Uint8Array>;

  /**
   * Decompresses, likewise. Fails with `resource_exhausted` when there are more than `maxBytes`,
   * and stops there.
   */
  decompress(data: Uint8Array, maxBytes: number): Uint8Array | Promise<Uint8Array>;

  /** How many bytes to expect of `decompress`: what the data says, or a guess. A peer may lie. */
  expectedBytes(data: Uint8Array): number;
}

const natives = new WeakMap<Compression, NativeCompression>();

/** From now on, messages of `compression` go through `native`. */
export function registerNativeCompression(
  compression: Compression,
  native: NativeCompression,
): void {
  natives.set(compression, native);
}

/** What the platform can do for `compression`, which may be a user's own. */
export function findNativeCompression(
  compression: Compression | null,
): NativeCompression | undefined {
  return compression ? natives.get(compression) : undefined;
}

/** Compresses one message, of any call. */
export function compress(
  data: Uint8Array,
  compression: Compression,
): Uint8Array | Promise<Uint8Array> {
  const native = natives.get(compression);
  return native ? native.compress(data) : compression.compress(data as Uint8Array<ArrayBuffer>);
}

/** What a peer is told that compresses a message without saying how. */
export const NO_COMPRESSION = "received compressed envelope, but do not know how to decompress";

/**
 * Decompresses one message, of any call. Throws or rejects with a `ConnectError`:
 * `resource_exhausted` for more than `maxBytes`, `internal` where no compression was agreed on.
 */
export function decompress(
  data: Uint8Array,
  compression: Compression | null,
  maxBytes: number,
): Uint8Array | Promise<Uint8Array> {
  if (!compression) {
    throw new ConnectError(NO_COMPRESSION, Code.Internal);
  }
  const native = natives.get(compression);
  return native
    ? native.decompress(data, maxBytes)
    : compression.decompress(data as Uint8Array<ArrayBuffer>, maxBytes);
}
