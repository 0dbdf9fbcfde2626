// SPDX-License-Identifier: Apache-2.0
// curl, whose HTTP/2 is nghttp2's, against `serve`: what somebody types who tries a server out.
import { once } from "node:events";
import { create, fromBinary, fromJsonString, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { serve } from "connect-stream/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { gate } from "../support/gate.js";
import { registerDeclaredService } from "../support/gen/lab/v1/declared_stream.js";
import { NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import { type LabServiceHandler, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { envelope } from "../support/raw.js";
import { selfSigned } from "../support/tls.js";
import { curl, curlHasHttp2, startCurl } from "./curl.js";
import { required } from "./required.js";

/** How curl connects, and the version of HTTP that comes of it. */
const ways = [
  { name: "HTTP/2, prior knowledge", tls: false, flags: ["--http2-prior-knowledge"], http: "2" },
  { name: "HTTP/2, ALPN", tls: true, flags: ["--http2"], http: "2" },
  { name: "HTTP/1.1", tls: false, flags: ["--http1.1"], http: "1.1" },
  { name: "HTTP/1.1, TLS", tls: true, flags: ["--http1.1"], http: "1.1" },
  // An upgrade, which RFC 9113 has given up: the server goes on without.
  { name: "HTTP/1.1, asked for h2c", tls: false, flags: ["--http2"], http: "1.1" },
] as const;

type Way = (typeof ways)[number];

const handler: Partial<LabServiceHandler> = {
  async unary({ text }) {
    if (text === "fail") throw new ConnectError("no such note", Code.NotFound);
    return { text: text.toUpperCase() };
  },
  async download({ text, number }, stream) {
    for (let sent = 0n; sent < number; sent++) await stream.send({ text, number: sent });
    if (text === "fail") throw new ConnectError("no more", Code.Aborted);
  },
  async upload(stream) {
    let bytes = 0;
    for await (const { payload } of stream) bytes += payload.length;
    await stream.sendAndClose({ number: BigInt(bytes) });
  },
  async chat(stream) {
    for await (const { text } of stream) await stream.send({ text: text.toUpperCase() });
  },
};

async function start({ tls }: Pick<Way, "tls">, lab: Partial<LabServiceHandler> = handler) {
  const server = await serve({
    ...(tls ? { tls: selfSigned } : {}),
    routes(router) {
      registerLabService(router, lab);
      registerDeclaredService(router, { look: ({ text }) => ({ text: `looked at ${text}` }) });
    },
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  return (rpc: string) => `${server.url}/lab.v1.${rpc}`;
}

const note = (text: string, more: { number?: bigint; payload?: Uint8Array } = {}) =>
  envelope(toBinary(NoteSchema, create(NoteSchema, { text, ...more })));

/** The envelopes of a body: flags, and what is in them. */
function unpack(body: Buffer): { flags: number; data: Buffer }[] {
  const envelopes = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    envelopes.push({ flags: body.readUInt8(at), data: body.subarray(at + 5, end) });
    at = end;
  }
  return envelopes;
}

const textsOf = (body: Buffer) =>
  unpack(body)
    .filter(({ flags }) => flags === 0)
    .map(({ data }) => fromBinary(NoteSchema, data).text);

const as = (type: string) => ["--header", `content-type: application/${type}`];
const body = ["--data-binary", "@-"];

// Debian's curl has HTTP/2; another may not.
const here = curlHasHttp2();
if (!here) console.warn("skipped: there is no curl with HTTP/2");
describe.skipIf(!here && !required("curl")).each(ways)("curl, $name", ({ flags, tls, http }) => {
  it("makes unary calls, in JSON and in binary", async () => {
    const url = (await start({ tls }))("LabService/Unary");
    const json = await curl([...flags, ...as("json"), "--data", '{"text":"hi"}', url]);
    expect(json).toMatchObject({ http, status: 200, contentType: "application/json" });
    expect(JSON.parse(json.body.toString())).toEqual({ text: "HI" });
    const bytes = toBinary(NoteSchema, create(NoteSchema, { text: "hi" }));
    const proto = await curl([...flags, ...as("proto"), ...body, url], bytes);
    expect(fromBinary(NoteSchema, proto.body).text).toBe("HI");
    const failed = await curl([...flags, ...as("json"), "--data", '{"text":"fail"}', url]);
    expect(failed.status).toBe(404);
    expect(JSON.parse(failed.body.toString())).toEqual({
      code: "not_found",
      message: "no such note",
    });
  });

  it("makes calls by GET", async () => {
    const url = (await start({ tls }))("DeclaredService/Look");
    const query = ["--get", "--data", "connect=v1", "--data", "encoding=json"];
    const message = ["--data-urlencode", 'message={"text":"all & sundry"}'];
    const response = await curl([...flags, ...query, ...message, url]);
    expect(response).toMatchObject({ http, status: 200 });
    expect(fromJsonString(NoteSchema, response.body.toString()).text).toBe(
      "looked at all & sundry",
    );
  });

  it("takes a stream of envelopes, and its end", async () => {
    const url = await start({ tls });
    const args = [...flags, ...as("connect+proto"), ...body, url("LabService/Download")];
    const whole = await curl(args, note("a", { number: 1000n }));
    expect(whole).toMatchObject({ http, status: 200, contentType: "application/connect+proto" });
    expect(textsOf(whole.body)).toEqual(Array(1000).fill("a"));
    expect(unpack(whole.body).at(-1)).toMatchObject({ flags: 2, data: Buffer.from("{}") });
    const failed = await curl(args, note("fail", { number: 2n }));
    expect(textsOf(failed.body)).toEqual(["fail", "fail"]);
    expect(JSON.parse(unpack(failed.body).at(-1)?.data.toString() ?? "")).toMatchObject({
      error: { code: "aborted", message: "no more" },
    });
  });

  it("uploads megabytes", async () => {
    const url = (await start({ tls }))("LabService/Upload");
    const payload = new Uint8Array(100_000);
    const envelopes = Buffer.concat(Array.from({ length: 30 }, () => note("", { payload })));
    const { body: answer } = await curl(
      [...flags, ...as("connect+proto"), ...body, url],
      envelopes,
    );
    const [summary] = unpack(answer);
    expect(fromBinary(NoteSchema, summary?.data ?? answer).number).toBe(3_000_000n);
  });

  it("takes gRPC-Web, whose trailers are in the body", async () => {
    const url = (await start({ tls }))("LabService/Download");
    const response = await curl(
      [...flags, ...as("grpc-web+proto"), ...body, url],
      note("a", { number: 2n }),
    );
    expect(textsOf(response.body)).toEqual(["a", "a"]);
    const last = unpack(response.body).at(-1);
    expect([last?.flags, last?.data.toString()]).toEqual([
      0x80,
      expect.stringContaining("grpc-status: 0"),
    ]);
  });

  it("leaves, and the handler hears of it", async () => {
    const ended = gate<Code>();
    const url = await start(
      { tls },
      {
        async download({ text }, stream) {
          const { signal } = stream.context;
          signal.addEventListener("abort", () => ended.resolve(signal.reason.code));
          await stream.send({ text });
          await ended.promise;
        },
      },
    );
    const child = startCurl(...flags, ...as("connect+proto"), ...body, url("LabService/Download"));
    child.stdin.end(note("first"));
    const [first] = await once(child.stdout, "data");
    expect(textsOf(first)).toEqual(["first"]);
    child.kill("SIGKILL");
    expect(await ended.promise).toBe(Code.Canceled);
  });
});

describe.skipIf(!here && !required("curl")).each(ways.filter(({ http }) => http === "2"))(
  "curl, $name",
  ({ flags, tls }) => {
    it("takes gRPC with its trailers", async () => {
      const url = (await start({ tls }))("LabService/Download");
      const args = [...flags, ...as("grpc"), "--header", "te: trailers", ...body, url];
      const good = await curl(args, note("a", { number: 2n }));
      expect(textsOf(good.body)).toEqual(["a", "a"]);
      expect(good.fields).toMatchObject({ "grpc-status": "0" });
      const bad = await curl(args, note("fail", { number: 1n }));
      expect(bad.fields).toMatchObject({ "grpc-status": "10", "grpc-message": "no%20more" });
    });
  },
);
