// SPDX-License-Identifier: Apache-2.0
import { gunzipSync, gzipSync } from "node:zlib";
import { Code } from "@connectrpc/connect";
import { compressionGzip } from "connect-stream/fetch";
import { expect, it } from "vitest";
import { fetchFormats } from "../support/clients/fetch-transport.js";
import { Recorder } from "../support/recorder.js";
import { clientOf, echo } from "./harness.js";

const long = "a".repeat(10_000);

it.each(fetchFormats)("is read, and written if asked for: $name", async (format) => {
  const observer = new Recorder();
  const client = clientOf(echo, format, {
    handler: { compressMinBytes: 100 },
    service: { observer },
    transport: { acceptCompression: [compressionGzip], sendCompression: compressionGzip },
  });
  expect(await client.unary({ text: long })).toMatchObject({ text: long });
  const call = client.chat();
  await call.send({ text: long });
  expect(await call.recv()).toMatchObject({ text: long });
  call.closeSend();
  expect(await call.recv()).toBeUndefined();
  for (const { sent, received } of await observer.ended(2)) {
    expect(sent[0]).toBeLessThan(200);
    expect(received[0]).toBeLessThan(200);
  }
});

it("gzip is what Node.js has", async () => {
  const bytes = new TextEncoder().encode(long);
  expect(gunzipSync(await compressionGzip.compress(bytes))).toEqual(Buffer.from(bytes));
  const zipped = new Uint8Array(gzipSync(bytes));
  expect(await compressionGzip.decompress(zipped, 10_000)).toEqual(bytes);
  expect(await compressionGzip.decompress(new Uint8Array(0), 1)).toEqual(new Uint8Array(0));
});

it("gzip is not read beyond the limit", async () => {
  const zipped = new Uint8Array(gzipSync(new Uint8Array(50_000_000)));
  await expect(compressionGzip.decompress(zipped, 9_999)).rejects.toMatchObject({
    code: Code.ResourceExhausted,
  });
});

it("gzip is malformed", async () => {
  await expect(compressionGzip.decompress(new Uint8Array(30), 100)).rejects.toMatchObject({
    code: Code.InvalidArgument,
  });
});
