// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { type Combination, combinations, isOneOfEach } from "../support/clients/kinds.js";
import { all } from "../support/clients/test-client.js";
import { pair } from "../support/fixture.js";
import { atRest, gate, observed } from "../support/gate.js";
import type { Note } from "../support/gen/lab/v1/lab_pb.js";
import type { DownloadServerStream, UploadServerStream } from "../support/gen/lab/v1/lab_stream.js";
import { bulk, isBulk } from "../support/note.js";
import { partOf } from "../support/part-of.js";

const BYTES = 32 * 1024;

for (const combination of partOf(combinations, isOneOfEach)) {
  describe(combination.name, () => define(combination));
}

function define(combination: Combination): void {
  const { wire } = combination;
  // What the kernel holds of an HTTP/1.1 body is beyond flow control: some MiB for a local socket.
  const [count, allowedBytes] = wire.http === "2" ? [96, 1024 * 1024] : [512, 14 * 1024 * 1024];

  it("a client that does not read keeps send pending, and loses nothing", async () => {
    let accepted = 0;
    const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
      for (; accepted < count; accepted++) await stream.send(bulk(BYTES, accepted));
    });
    await using p = await pair(combination, { download: handler });
    const call = p.client.download({});
    const first = await call.recv();
    expect((await atRest(() => accepted)) * BYTES).toBeLessThan(allowedBytes);
    const messages = [first, ...(await all(call))];
    expect(messages.length).toBe(count);
    expect(messages.every((message, i) => message && isBulk(message, BYTES, i))).toBe(true);
    expect(await ended).toBeUndefined();
    await p.lab.idle();
  });

  it("a handler that does not read keeps send pending, and loses nothing", async () => {
    const go = gate();
    const { handler, ended } = observed(async (stream: UploadServerStream) => {
      await go.promise;
      let right = 0;
      for await (const message of stream) if (isBulk(message, BYTES, right)) right++;
      await stream.sendAndClose({ number: BigInt(right) });
    });
    await using p = await pair(combination, { upload: handler });
    const call = p.client.upload();
    let accepted = 0;
    const sending = (async () => {
      for (; accepted < count; accepted++) await call.send(bulk(BYTES, accepted));
      call.closeSend();
    })();
    expect((await atRest(() => accepted)) * BYTES).toBeLessThan(allowedBytes);
    go.resolve();
    await sending;
    expect(Number((await call.recv())?.number)).toBe(count);
    expect(await ended).toBeUndefined();
    await p.lab.idle();
  });

  // Pieces of messages wait with whole ones before them, in every proportion.
  it("messages of all sizes come through a reader that is behind", async () => {
    const sizes = Array.from({ length: 60 }, (_, i) => (i * 37_813) % 300_000);
    await using p = await pair(combination, {
      async download(_request, stream) {
        for (const [i, size] of sizes.entries()) await stream.send(bulk(size, i));
      },
      async upload(stream) {
        await new Promise((resolve) => setImmediate(resolve));
        let right = 0;
        for await (const message of stream) {
          await new Promise((resolve) => setImmediate(resolve));
          if (isBulk(message, sizes[right] ?? -1, right)) right++;
        }
        await stream.sendAndClose({ number: BigInt(right) });
      },
    });
    const download = p.client.download({});
    for (const [i, size] of sizes.entries()) {
      await new Promise((resolve) => setImmediate(resolve));
      const message = await download.recv();
      expect(message && isBulk(message, size, i)).toBe(true);
    }
    expect(await download.recv()).toBeUndefined();
    const upload = p.client.upload();
    for (const [i, size] of sizes.entries()) await upload.send(bulk(size, i));
    upload.closeSend();
    expect(Number((await upload.recv())?.number)).toBe(sizes.length);
    await p.lab.idle();
  });

  // What fills a buffer as a whole, but not by its parts, must not wait for a buffer to drain.
  it("messages sent together in pieces of all sizes let the next ones follow", async () => {
    const sizes = Array.from({ length: 40 }, (_, i) => (i + 1) * 1900);
    await using p = await pair(combination, {
      async download(_request, stream) {
        for (const size of sizes) {
          await Promise.all([0, 1, 2].map((i) => stream.send(bulk(size, i))));
        }
      },
      async upload(stream) {
        let count = 0;
        for await (const _ of stream) count++;
        await stream.sendAndClose({ number: BigInt(count) });
      },
    });
    const messages = await all(p.client.download({}));
    const right = messages.filter((message, i) => {
      return isBulk(message, sizes[Math.floor(i / 3)] ?? -1, i % 3);
    });
    expect(right.length).toBe(sizes.length * 3);
    const upload = p.client.upload();
    for (const size of sizes) {
      await Promise.all([0, 1, 2].map((i) => upload.send(bulk(size, i))));
    }
    upload.closeSend();
    expect(Number((await upload.recv())?.number)).toBe(sizes.length * 3);
    await p.lab.idle();
  });
}
