// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "../protocol/connect-internals.js";
import { join } from "./join.js";

type Transform = CompressionStream | DecompressionStream;

/**
 * gzip with the `CompressionStream` of the web, for hosts without Node's zlib. Messages of more than
 * `readMaxBytes` are not decompressed further: they fail with `resource_exhausted`.
 */
export const compressionGzip: Compression = {
  name: "gzip",
  compress: (bytes) => transform(bytes, new CompressionStream("gzip"), Number.POSITIVE_INFINITY),
  async decompress(bytes, readMaxBytes) {
    if (bytes.byteLength === 0) return new Uint8Array(0);
    try {
      return await transform(bytes, new DecompressionStream("gzip"), readMaxBytes);
    } catch (error) {
      if (error instanceof ConnectError) throw error;
      const text = "decompression failed";
      throw new ConnectError(text, Code.InvalidArgument, undefined, undefined, error);
    }
  },
};

async function transform(
  bytes: Uint8Array,
  stream: Transform,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const writer = stream.writable.getWriter();
  // What fails here fails the reader, too.
  writer.write(bytes as Uint8Array<ArrayBuffer>).catch(() => undefined);
  writer.close().catch(() => undefined);
  const reader = stream.readable.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    length += next.value.byteLength;
    if (length > maxBytes) {
      reader.cancel().catch(() => undefined);
      throw tooLarge(maxBytes);
    }
    pieces.push(next.value);
  }
  return join(pieces, length);
}

function tooLarge(maxBytes: number): ConnectError {
  return new ConnectError(
    `message is larger than configured readMaxBytes ${maxBytes} after decompression`,
    Code.ResourceExhausted,
  );
}
