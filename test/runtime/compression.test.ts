// SPDX-License-Identifier: Apache-2.0
import { randomFillSync } from "node:crypto";
import * as zlib from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { registerNodeCompressions } from "../../runtime/src/node/compression/compression.js";
import { compress, decompress } from "../../runtime/src/protocol/compression.js";

registerNodeCompressions();

const MAX = 4 * 1024 * 1024;
const MIB = 1024 * 1024;
const sizes = [0, 1, 63, 250, 1023, 1024, 4096, 4097, 16_384, 16_385, 65_536, 131_072, MIB];

/** What deflate can make little of, and what it can make nothing of. */
const text = Buffer.from("a message like many others, ".repeat(MIB / 28 + 1));
const noise = randomFillSync(Buffer.alloc(MIB));

/** What became of a decompression, thrown or rejected. */
async function outcome(run: () => Uint8Array | Promise<Uint8Array>) {
  try {
    return Buffer.from(await run()).toString("base64");
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return { code: error.code, text: error.rawMessage };
  }
}

const nodes = {
  gzip: { compress: zlib.gzipSync, decompress: zlib.gunzipSync },
  br: {
    compress: (data: Uint8Array) =>
      zlib.brotliCompressSync(data, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5 } }),
    decompress: zlib.brotliDecompressSync,
  },
};

describe.each([
  ["gzip", compressionGzip, nodes.gzip],
  ["br", compressionBrotli, nodes.br],
] as const)("%s", (_, compression, node) => {
  it.each(sizes)("%i bytes there and back, and as Node has them", async (size) => {
    for (const data of [text.subarray(0, size), noise.subarray(0, size)]) {
      const sent = await compress(data, compression);
      expect(Buffer.compare(node.decompress(sent), data)).toBe(0);
      for (const received of [sent, node.compress(data)]) {
        const got = await decompress(received, compression, MAX);
        expect(Buffer.compare(got, data)).toBe(0);
        expect(Object.getPrototypeOf(got)).toBe(Uint8Array.prototype);
      }
      expect(Object.getPrototypeOf(sent)).toBe(Uint8Array.prototype);
    }
  });

  it("data of any kind", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), async (data) => {
        const sent = await compress(data, compression);
        expect(await decompress(sent, compression, MAX)).toEqual(data);
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  it("does small messages on the spot, and large ones elsewhere", () => {
    const small = compress(text.subarray(0, 1024), compression);
    expect(small).toBeInstanceOf(Uint8Array);
    expect(decompress(small as Uint8Array, compression, MAX)).toBeInstanceOf(Uint8Array);
    expect(compress(noise.subarray(0, 65_536), compression)).toBeInstanceOf(Promise);
    const large = node.compress(noise.subarray(0, 65_536));
    expect(decompress(large, compression, MAX)).toBeInstanceOf(Promise);
  });

  it.each([100, 10_000, 100_000, MIB])("%i bytes are no more than the limit", async (size) => {
    const sent = node.compress(text.subarray(0, size));
    expect(await decompress(sent, compression, size)).toHaveLength(size);
    expect(await outcome(() => decompress(sent, compression, size - 1))).toEqual({
      code: Code.ResourceExhausted,
      text: `message is larger than configured readMaxBytes ${size - 1} after decompression`,
    });
  });

  it("fails as Connect-Node does", async () => {
    const whole = node.compress(text.subarray(0, 5000));
    const large = node.compress(noise.subarray(0, 50_000));
    const bad = [
      Buffer.alloc(0),
      Buffer.from("no compressed data, whatever it may be called"),
      Buffer.from([0xff, 0xff, 0xff, 0xff]),
      whole.subarray(0, 5),
      whole.subarray(0, -3),
      large.subarray(0, -3),
      Buffer.concat([whole.subarray(0, 20), whole.subarray(30)]),
      Buffer.concat([whole, Buffer.alloc(9)]),
      Buffer.concat([whole, whole]),
    ];
    for (const data of bad) {
      expect(await outcome(() => decompress(data, compression, MAX))).toEqual(
        await outcome(() => compression.decompress(new Uint8Array(data), MAX)),
      );
    }
  });
});

it("a gzip that lies about its size is what it is, and no more than the limit", async () => {
  for (const size of [1000, 30_000, MIB]) {
    for (const said of [0, 1, 16_384, 100_000, 0xffff_ffff]) {
      const data = text.subarray(0, size);
      const liar = Buffer.concat([zlib.gzipSync(data), zlib.gzipSync("")]);
      liar.writeUInt32LE(said, liar.length - 4);
      // zlib checks the size itself, when it has made it all.
      const expected = await outcome(() => compressionGzip.decompress(new Uint8Array(liar), MAX));
      expect(await outcome(() => decompress(liar, compressionGzip, MAX))).toEqual(expected);
      const limited = await outcome(() => decompress(liar, compressionGzip, size - 1));
      expect(limited).toMatchObject({ code: expect.any(Number) });
    }
  }
  const two = Buffer.concat([zlib.gzipSync(text.subarray(0, 100_000)), zlib.gzipSync("end")]);
  expect(await decompress(two, compressionGzip, MAX)).toHaveLength(100_003);
});

it("a bomb stops at the limit", async () => {
  const bomb = zlib.gzipSync(Buffer.alloc(64 * MIB));
  expect(await outcome(() => decompress(bomb, compressionGzip, 1000))).toMatchObject({
    code: Code.ResourceExhausted,
  });
});

it("a compression of a user's own is used as it is", async () => {
  const used: unknown[] = [];
  const own: Compression = {
    name: "gzip",
    compress: async (data) => {
      used.push("compress");
      return Uint8Array.from(data);
    },
    decompress: async (data, maxBytes) => {
      used.push(maxBytes);
      return Uint8Array.from(data);
    },
  };
  await decompress(await compress(text.subarray(0, 10), own), own, 77);
  expect(used).toEqual(["compress", 77]);
  expect(await outcome(async () => decompress(text, null, 77))).toMatchObject({
    code: Code.Internal,
  });
});
