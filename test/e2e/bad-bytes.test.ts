// SPDX-License-Identifier: Apache-2.0
// Bytes of a client that are no message: an invalid argument, for every kind of RPC, in every protocol.
import { brotliCompressSync, gzipSync } from "node:zlib";
import { fromBinary } from "@bufbuild/protobuf";
import { type RunningServer, serve } from "connect-stream/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import { registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { envelope, rawHttp2, statusOf } from "../support/raw.js";

interface Form {
  readonly type: string;
  readonly encoding: string;
  readonly body: boolean;
}

const grpc: Form = { type: "application/grpc+", encoding: "grpc-encoding", body: false };
const grpcWeb: Form = { type: "application/grpc-web+", encoding: "grpc-encoding", body: false };
const connect: Form = {
  type: "application/connect+",
  encoding: "connect-content-encoding",
  body: false,
};
const connectUnary: Form = { type: "application/", encoding: "content-encoding", body: true };

const streams = ["Download", "Upload", "Chat"];
const forms: readonly (readonly [string, string, Form])[] = [
  ...[...streams, "Unary"].map((name) => ["gRPC", name, grpc] as const),
  ...[...streams, "Unary"].map((name) => ["gRPC-Web", name, grpcWeb] as const),
  ...streams.map((name) => ["Connect", name, connect] as const),
  ["Connect", "Unary", connectUnary],
];

/** What a request has: its message, and how it says that is written. */
interface Bytes {
  readonly data: Uint8Array;
  readonly codec?: "proto" | "json";
  readonly encoding?: string;
  readonly flags?: number;
}

const text = (string: string): Uint8Array => Buffer.from(string);
const gzip = gzipSync(Buffer.alloc(2000, "x"));
const brotli = brotliCompressSync(Buffer.alloc(2000, "x"));
const flip = (bytes: Buffer): Buffer =>
  Buffer.from(bytes.map((byte, i) => (i > 12 ? ~byte : byte)));

/** These bytes, unless this version of protobuf-es takes them for a message, as old ones do. */
function refusedBytes(data: Uint8Array): readonly Bytes[] {
  try {
    fromBinary(NoteSchema, data);
    return [];
  } catch {
    return [{ data }];
  }
}

const messages: readonly (readonly [string, Bytes])[] = [
  ["a tag that is none", { data: Buffer.from([0xff, 0xff, 0xff, 0xff]) }],
  ["a field that breaks off", { data: Buffer.from([0x0a, 0x7f, 0x61]) }],
  ...refusedBytes(Buffer.from([0x0a, 0x02, 0xc3, 0x28])).map(
    (bytes) => ["text that is no UTF-8", bytes] as const,
  ),
  ...refusedBytes(nest(200)).map((bytes) => ["too deep a message", bytes] as const),
  ["text that is no JSON", { data: text("no JSON"), codec: "json" }],
  ["JSON that breaks off", { data: text('{"text": "a'), codec: "json" }],
  ["JSON of another type", { data: text('{"number": true}'), codec: "json" }],
  ["JSON that is no object", { data: text("[]"), codec: "json" }],
  ["data that is no gzip", { data: text("no gzip"), encoding: "gzip" }],
  ["gzip that breaks off", { data: gzip.subarray(0, gzip.length - 12), encoding: "gzip" }],
  ["gzip that is corrupt", { data: flip(gzip), encoding: "gzip" }],
  ["data that is no brotli", { data: text("no brotli, but text"), encoding: "br" }],
  ["brotli that breaks off", { data: brotli.subarray(0, brotli.length - 2), encoding: "br" }],
];

const envelopes: readonly (readonly [string, Bytes])[] = [
  ["with flags that nobody knows", { data: new Uint8Array(), flags: 0x40 }],
  ["with all flags", { data: new Uint8Array(), flags: 0xff }],
  ["with the flag of the end of a response, 2", { data: text("{}"), flags: 2 }],
  ["with the flag of the end of a response, 0x80", { data: new Uint8Array(), flags: 0x80 }],
];

/** A reply to a reply to a reply. */
function nest(levels: number): Uint8Array {
  let bytes = Buffer.alloc(0);
  for (let i = 0; i < levels; i++) {
    const { length } = bytes;
    const head = length < 128 ? [length] : [(length & 127) | 128, length >> 7];
    bytes = Buffer.concat([Buffer.from([0x22, ...head]), bytes]);
  }
  return bytes;
}

let server: RunningServer;

beforeAll(async () => {
  server = await serve({
    routes: (router) =>
      registerLabService(router, {
        unary: async () => ({}),
        async download(_, stream) {
          await stream.send({});
        },
        async upload(stream) {
          for await (const _ of stream);
          await stream.sendAndClose({});
        },
        async chat(stream) {
          for await (const _ of stream);
        },
      }),
  });
});

afterAll(() => server.close());

async function send(name: string, { type, encoding, body }: Form, bytes: Bytes): Promise<string> {
  const { data, codec = "proto", flags = bytes.encoding ? 1 : 0 } = bytes;
  const headers = {
    ":path": `/lab.v1.LabService/${name}`,
    "content-type": `${type}${codec}`,
    ...(bytes.encoding && { [encoding]: bytes.encoding }),
  };
  return statusOf(await rawHttp2(server.url, headers, [body ? data : envelope(data, flags)]));
}

describe.each(forms)("%s, %s", (_, name, form) => {
  it.each(messages)("%s", async (_, bytes) => {
    expect(await send(name, form, bytes)).toBe("invalid_argument");
  });

  if (form.body) return;

  it.each(envelopes)("an envelope %s", async (_, bytes) => {
    expect(await send(name, form, bytes)).toBe("invalid_argument");
  });

  it("an envelope compressed without a compression is internal, as gRPC has it", async () => {
    expect(await send(name, form, { data: gzip, flags: 1 })).toBe("internal");
  });

  it("an envelope that breaks off", async () => {
    const headers = { ":path": `/lab.v1.LabService/${name}`, "content-type": `${form.type}proto` };
    const part = envelope(text("hello")).subarray(0, 7);
    expect(statusOf(await rawHttp2(server.url, headers, [part]))).toBe("invalid_argument");
  });
});
