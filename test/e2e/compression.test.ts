// SPDX-License-Identifier: Apache-2.0
import { gzipSync } from "node:zlib";
import { Code } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import { describe, expect, it } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { failure, gate, observed } from "../support/gate.js";
import type { Note } from "../support/gen/lab/v1/lab_pb.js";
import {
  createLabServiceClient,
  type DownloadServerStream,
  type LabServiceHandler,
  type UploadServerStream,
} from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { bulk, isBulk } from "../support/note.js";
import { type Wire, wires } from "../support/wires.js";

/** Done on the spot, and in the thread pool; not compressed at all; and what gets smaller. */
const sizes = [70_000, 100, 20, 200_000, 1500, 5000, 40_000, 20_000, 10, 300_000, 3000];
const COUNT = 60;

function nth(number: number): Note {
  const size = sizes[number % sizes.length] ?? 0;
  const note = bulk(size, number);
  return number % 2 ? { ...note, text: "again and ".repeat(size / 10) } : note;
}

const isNth = (note: Note, number: number) =>
  isBulk(note, nth(number).payload.length, number) && note.text === nth(number).text;

async function sendAll(stream: { send(note: Note): Promise<void> }): Promise<void> {
  for (let number = 0; number < COUNT; number++) await stream.send(nth(number));
}

async function expectAll(notes: AsyncIterable<Note>): Promise<void> {
  let number = 0;
  for await (const note of notes) expect(isNth(note, number++)).toBe(true);
  expect(number).toBe(COUNT);
}

const handler: Partial<LabServiceHandler> = {
  async download(_, stream) {
    await sendAll(stream);
  },
  async upload(stream) {
    await expectAll(stream);
    await stream.sendAndClose({ text: "all" });
  },
  async chat(stream) {
    for await (const note of stream) await stream.send(note);
  },
};

const explosive = new Uint8Array(gzipSync(Buffer.alloc(32 * 1024 * 1024)));

/** Compresses to a bomb, whatever it is given; or not at all. */
const bomb: Compression = { ...compressionGzip, compress: async () => explosive };
const broken: Compression = {
  ...compressionGzip,
  compress: () => Promise.reject(new Error("cannot compress")),
};

const connect = (url: string, wire: Wire, compression: Compression) =>
  createLabServiceClient(
    ourTransport(url, wire, {
      acceptCompression: [compression],
      sendCompression: compression,
      compressMinBytes: 50,
    }),
  );

const serve = (lab: Partial<LabServiceHandler>, wire: Wire, compression: Compression) =>
  startLab(lab, {
    http: wire.http,
    adapter: { acceptCompression: [compression], compressMinBytes: 50 },
    service: { onError: () => undefined },
  });

describe.each(wires)("$name", (wire) => {
  it.each([compressionGzip, compressionBrotli])(
    "messages of all sizes keep their order: $name",
    async (compression) => {
      await using lab = await serve(handler, wire, compression);
      const client = connect(lab.url, wire, compression);
      await expectAll(client.download({}));
      const upload = client.upload();
      await sendAll(upload);
      expect((await upload.closeAndRecv()).text).toBe("all");
      if (wire.http === "2") {
        const chat = client.chat();
        await Promise.all([sendAll(chat).then(() => chat.closeSend()), expectAll(chat)]);
      }
      await lab.idle();
    },
  );

  it("a message that becomes too large is resource_exhausted", async () => {
    const { handler: upload, ended } = observed(async (stream: UploadServerStream) => {
      await stream.recv();
    });
    await using bombing = await serve(handler, wire, bomb);
    const reader = connect(bombing.url, wire, compressionGzip).download({});
    expect((await failure(reader.recv())).code).toBe(Code.ResourceExhausted);
    await using lab = await serve({ upload }, wire, compressionGzip);
    const call = connect(lab.url, wire, bomb).upload();
    void call.send(bulk(100)).catch(() => undefined);
    expect((await failure(call.closeAndRecv())).code).toBe(Code.ResourceExhausted);
    expect(await ended).toMatchObject({ code: Code.ResourceExhausted });
    await lab.idle();
  });

  it("a call ends while messages are being compressed", async () => {
    const sent = gate();
    const { handler: download, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
      const sends = Array.from({ length: 20 }, (_, number) => stream.send(bulk(60_000, number)));
      for (const send of sends) send.catch(() => undefined);
      sent.resolve();
      await Promise.all(sends);
      await sendAll(stream);
    });
    await using lab = await serve({ ...handler, download }, wire, compressionGzip);
    const client = connect(lab.url, wire, compressionGzip);
    const call = client.download({});
    await sent.promise;
    await call.close();
    expect((await failure(call.recv())).code).toBe(Code.Canceled);
    expect(await ended).toMatchObject({ code: Code.Canceled });
    const upload = client.upload();
    const sends = Array.from({ length: 20 }, (_, number) => upload.send(bulk(60_000, number)));
    const ends = Promise.allSettled(sends);
    await upload.close();
    expect((await ends).at(-1)).toMatchObject({ reason: { code: Code.Canceled } });
    await lab.idle();
  });

  it("a handler returns while its messages are being compressed: all arrive", async () => {
    await using lab = await serve(
      {
        async download(_, stream) {
          for (let number = 0; number < COUNT; number++) void stream.send(nth(number));
        },
      },
      wire,
      compressionGzip,
    );
    await expectAll(connect(lab.url, wire, compressionGzip).download({}));
    await lab.idle();
  });

  it("a compression that fails fails the call", async () => {
    await using lab = await serve(handler, wire, broken);
    const reader = connect(lab.url, wire, compressionGzip).download({});
    expect((await failure(reader.recv())).code).toBe(Code.Internal);
    const writer = connect(lab.url, wire, broken).upload();
    await writer.send(bulk(10_000)).catch(() => undefined);
    expect((await failure(writer.closeAndRecv())).code).toBe(Code.Internal);
    await lab.idle();
  });
});
