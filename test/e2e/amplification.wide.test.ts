// SPDX-License-Identifier: Apache-2.0
// A few compressed bytes that would become a great many objects, and large messages that are lawful.
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { type RunningServer, serve } from "connect-stream/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { failure } from "../support/gate.js";
import { type Note, NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import { createLabServiceClient, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { type NoteInit, note } from "../support/note.js";
import { partOf } from "../support/part-of.js";
import { envelope, rawHttp2, statusOf } from "../support/raw.js";
import { connectOn1 } from "../support/wires.js";

const MIB = 1024 * 1024;

/** `bytes`, again and again, to nearly 4 MiB, which is the limit of a message. */
const repeated = (bytes: readonly number[]): Buffer =>
  Buffer.alloc(4 * MIB - 64, Buffer.from(bytes));

const EMPTY_REPLY = [0x22, 0x00];
const UNKNOWN_FIELD = [0x78, 0x00];
const UNKNOWN_GROUP = [0x7b, 0x7c];
/** The same in a reply. */
function nested(bytes: readonly number[]): Buffer {
  const inner = repeated(bytes).subarray(0, 3 * MIB);
  const { byteLength: length } = inner;
  const varint = [(length & 127) | 128, ((length >> 7) & 127) | 128, ((length >> 14) & 127) | 128];
  return Buffer.concat([Buffer.from([0x22, ...varint, length >> 21]), inner]);
}

const json = (text: string): Buffer => {
  const [before = "", after = ""] = text.split("…");
  const middle = after.repeat((4 * MIB) / after.length - 64);
  return Buffer.from(`${before}${middle}{}]}`);
};

const bombs: readonly (readonly [string, Buffer, "proto" | "json"])[] = [
  ["empty messages", repeated(EMPTY_REPLY), "proto"],
  ["empty messages in one", nested(EMPTY_REPLY), "proto"],
  ["unknown fields", repeated(UNKNOWN_FIELD), "proto"],
  ["unknown groups", repeated(UNKNOWN_GROUP), "proto"],
  ["unknown fields in a message", nested(UNKNOWN_FIELD), "proto"],
  ["empty objects", json('{"replies":[…{},'), "json"],
  ["empty lists", json('{"unknown":[…[],'), "json"],
  ["empty texts", json('{"unknown":[…"",'), "json"],
];

/** One for each codec. */
const commonBombs = ["empty messages", "empty objects"];

const make = (init: NoteInit): Note => create(NoteSchema, init);

const lawful: readonly (readonly [string, Note])[] = [
  ["zeros", make({ payload: new Uint8Array(4 * MIB - 64) })],
  ["text that looks like JSON", note('[{},{},"\\"{",'.repeat(200_000))],
  ["rows that differ", make({ replies: numbered(200_000, (i) => i) })],
  ["rows that differ in one bit", make({ replies: numbered(400_000, randomBits()) })],
  ["rows that are the same", make({ replies: numbered(90_000, () => 1) })],
];

function numbered(length: number, numberOf: (i: number) => number): NoteInit[] {
  return Array.from({ length }, (_, i) => ({ number: BigInt(numberOf(i)) }));
}

/** The same bits each time, which no compression finds a rule in. */
function randomBits(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 31;
  };
}

let server: RunningServer;

beforeAll(async () => {
  const reply = ({ text, payload, replies }: Note) => ({
    number: BigInt(text.length + payload.length + replies.length),
  });
  server = await serve({
    routes: (router) =>
      registerLabService(router, {
        unary: async (request) => reply(request),
        async upload(stream) {
          const message = await stream.recv();
          await stream.sendAndClose(reply(message ?? note("")));
        },
      }),
  });
});

afterAll(() => server.close());

const compressions = {
  gzip: (bytes: Buffer) => gzipSync(bytes),
  br: (bytes: Buffer) =>
    brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
};
type Encoding = keyof typeof compressions;

interface Form {
  readonly type: string;
  readonly path: "Unary" | "Upload";
  readonly encoding: string;
  /** One whole body, without envelopes. */
  readonly body?: boolean;
}

const forms: readonly Form[] = [
  { type: "application/grpc", path: "Unary", encoding: "grpc-encoding" },
  { type: "application/grpc", path: "Upload", encoding: "grpc-encoding" },
  { type: "application/grpc-web", path: "Unary", encoding: "grpc-encoding" },
  { type: "application/grpc-web", path: "Upload", encoding: "grpc-encoding" },
  { type: "application/connect", path: "Upload", encoding: "connect-content-encoding" },
  { type: "application", path: "Unary", encoding: "content-encoding", body: true },
];

async function post(
  { type, path, encoding, body }: Form,
  codec: string,
  bytes: Buffer,
  how: Encoding,
) {
  const compressed = compressions[how](bytes);
  const joint = body ? "/" : "+";
  const response = await rawHttp2(
    server.url,
    {
      ":path": `/lab.v1.LabService/${path}`,
      "content-type": `${type}${joint}${codec}`,
      [encoding]: how,
    },
    [body ? compressed : envelope(compressed, 1)],
  );
  return statusOf(response);
}

describe.each(forms.map((form) => [`${form.type} ${form.path}`, form] as const))(
  "%s",
  (_, form) => {
    const [first, second] = forms;
    const someBombs = partOf(bombs, ([name]) => form === first || commonBombs.includes(name));
    it.each(someBombs)("%s are refused before they are made", async (_, bytes, codec) => {
      const before = process.memoryUsage().heapUsed;
      for (const how of ["gzip", "br"] as const) {
        expect(await post(form, codec, bytes, how)).toBe("resource_exhausted");
      }
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(300 * MIB);
    });

    // One of each framing.
    if (form.type === "application/grpc-web" || form.type === "application/connect") return;

    it.each(partOf(lawful, () => form === second))("%s are read", async (_, message) => {
      for (const how of ["gzip", "br"] as const) {
        expect(await post(form, "proto", Buffer.from(toBinary(NoteSchema, message)), how)).toBe("");
      }
      const text = Buffer.from(toJsonString(NoteSchema, message)).subarray(0, 4 * MIB);
      if (text.byteLength < 4 * MIB) expect(await post(form, "json", text, "gzip")).toBe("");
    });
  },
);

it.each(partOf(bombs, (_, at) => at === 0))(
  "brotli makes no more of %s",
  async (_, bytes, codec) => {
    const [form] = forms;
    expect(form && (await post(form, codec, bytes, "br"))).toBe("resource_exhausted");
  },
);

it("what is not compressed may have any number of elements", async () => {
  const bytes = repeated(EMPTY_REPLY).subarray(0, MIB);
  const response = await rawHttp2(
    server.url,
    { ":path": "/lab.v1.LabService/Unary", "content-type": "application/grpc" },
    [envelope(bytes)],
  );
  expect(statusOf(response)).toBe("");
});

it.each(["unary", "download"] as const)(
  "a client refuses such a response, too: %s",
  async (kind) => {
    const bomb = gzipSync(repeated(EMPTY_REPLY));
    const raw = http.createServer((request, response) => {
      request.resume();
      const head =
        kind === "unary"
          ? { "content-type": "application/proto", "content-encoding": "gzip" }
          : { "content-type": "application/connect+proto", "connect-content-encoding": "gzip" };
      const stream = Buffer.concat([envelope(bomb, 1), envelope(Buffer.from("{}"), 2)]);
      response.writeHead(200, head).end(kind === "unary" ? bomb : stream);
    });
    await new Promise<void>((resolve) => raw.listen(0, "127.0.0.1", resolve));
    const { port } = raw.address() as AddressInfo;
    const client = createLabServiceClient(ourTransport(`http://127.0.0.1:${port}`, connectOn1));
    const error = await failure(kind === "unary" ? client.unary({}) : client.download({}).recv());
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.rawMessage).toMatch(/^message has more than \d+ elements/);
    raw.closeAllConnections();
    await new Promise((resolve) => raw.close(resolve));
  },
);
