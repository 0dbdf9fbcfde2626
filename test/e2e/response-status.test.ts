// SPDX-License-Identifier: Apache-2.0
// What clients make of a status: `grpc-status` decides, however odd what comes with it.
import type { OutgoingHttpHeaders } from "node:http2";
import type { Writable } from "node:stream";
import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectError } from "@connectrpc/connect";
import type { NodeListener } from "connect-stream/node";
import { describe, expect, it } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { failure } from "../support/gate.js";
import { createLabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import { serveLab } from "../support/lab.js";
import { noteEnvelope } from "../support/raw.js";
import { connectOn1, connectOn2, grpcOn2, grpcWebOn2, type Wire, wires } from "../support/wires.js";

const kinds = ["unary", "download"] as const;

/** A `google.rpc.Status`, as `grpc-status-details-bin` has it. */
function details(code: number, text: string): string {
  const writer = new BinaryWriter();
  if (code !== 0) writer.tag(1, WireType.Varint).int32(code);
  writer.tag(2, WireType.LengthDelimited).string(text);
  const detail = create(AnySchema, {
    typeUrl: "type.googleapis.com/a.B",
    value: new Uint8Array(3),
  });
  writer.tag(3, WireType.LengthDelimited).bytes(toBinary(AnySchema, detail));
  return Buffer.from(writer.finish()).toString("base64");
}

/** Answers with one message and these trailers. */
function answering({ protocol }: Wire, trailers: OutgoingHttpHeaders): NodeListener {
  return (_request, response) => {
    response.writeHead(200, { "content-type": `application/${protocol}+proto` });
    (response as Writable).write(noteEnvelope());
    if (protocol === "grpc") {
      (response as { addTrailers(fields: OutgoingHttpHeaders): void }).addTrailers(trailers);
      response.end();
      return;
    }
    const text = Object.entries(trailers).map(([name, value]) => `${name}: ${value}\r\n`);
    const data = Buffer.from(text.join(""));
    const head = Buffer.from([0x80, 0, 0, data.length >> 8, data.length & 255]);
    response.end(Buffer.concat([head, data]));
  };
}

/** How a call of `kind` fails with `listener`. */
async function failing(
  listener: NodeListener,
  wire: Wire,
  kind: (typeof kinds)[number],
): Promise<ConnectError> {
  await using lab = await serveLab(listener, wire.http);
  const client = createLabServiceClient(ourTransport(lab.url, wire));
  if (kind === "unary") return await failure(client.unary({}));
  const stream = client.download({});
  const error = await failure(stream.recv().then(() => stream.recv()));
  expect((await stream.outcome).error).toBe(error);
  return error;
}

const statuses: [string, OutgoingHttpHeaders, Code, string | RegExp][] = [
  [
    "details without a code",
    { "grpc-status": 13, "grpc-message": "a", "grpc-status-details-bin": details(0, "b") },
    Code.Internal,
    "a",
  ],
  [
    "empty details",
    { "grpc-status": 13, "grpc-message": "a", "grpc-status-details-bin": "" },
    Code.Internal,
    "a",
  ],
  [
    "details that are none",
    { "grpc-status": 5, "grpc-message": "a", "grpc-status-details-bin": "%%%" },
    Code.NotFound,
    "a",
  ],
  [
    "details that are cut",
    {
      "grpc-status": 5,
      "grpc-message": "a",
      "grpc-status-details-bin": details(5, "b").slice(0, 6),
    },
    Code.NotFound,
    "a",
  ],
  [
    "details of another code",
    { "grpc-status": 5, "grpc-message": "a", "grpc-status-details-bin": details(999, "b") },
    Code.NotFound,
    "a",
  ],
  [
    "details that agree",
    { "grpc-status": 5, "grpc-message": "a", "grpc-status-details-bin": details(5, "b") },
    Code.NotFound,
    "b",
  ],
  [
    "a percent sign",
    { "grpc-status": 8, "grpc-message": "quota 50% used" },
    Code.ResourceExhausted,
    "quota 50% used",
  ],
  [
    "bytes that are no text",
    { "grpc-status": 8, "grpc-message": "%e2%82%ac and %ff" },
    Code.ResourceExhausted,
    "€ and %ff",
  ],
  ["a code that is none", { "grpc-status": 999 }, Code.Unknown, /999/],
  ["a status that is no number", { "grpc-status": "abc" }, Code.Unknown, /abc/],
];

describe.each([grpcOn2, grpcWebOn2])("$name", (wire) => {
  describe.each(kinds)("%s", (kind) => {
    it.each(statuses)("%s", async (_, trailers, code, text) => {
      const error = await failing(answering(wire, trailers), wire, kind);
      expect(error.code).toBe(code);
      if (typeof text === "string") expect(error.rawMessage).toBe(text);
      else expect(error.rawMessage).toMatch(text);
    });
  });

  it("details that have no code are details yet", async () => {
    const bytes = details(0, "");
    const trailers = { "grpc-status": 13, "grpc-status-details-bin": bytes };
    const error = await failing(answering(wire, trailers), wire, "unary");
    expect(error.details).toMatchObject([{ type: "a.B", value: new Uint8Array(3) }]);
  });

  it("success is success, whatever the details", async () => {
    const trailers = { "grpc-status": 0, "grpc-status-details-bin": details(5, "b") };
    await using lab = await serveLab(answering(wire, trailers), wire.http);
    const client = createLabServiceClient(ourTransport(lab.url, wire));
    expect((await client.unary({})).text).toBe("hello");
  });
});

/** Answers every request with a page. */
const loginPage: NodeListener = (request, response) => {
  request.resume();
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
  response.end("<!doctype html><title>Log in</title>");
};

describe.each(wires)("a login page, $name", (wire) => {
  it.each(kinds)("%s", async (kind) => {
    const error = await failing(loginPage, wire, kind);
    expect(error.code).toBe(Code.Unknown);
    expect(error.rawMessage).toContain("text/html; charset=utf-8");
  });
});

describe.each([connectOn1, connectOn2])("a unary error, $name", (wire) => {
  it.each([
    [
      "is what the body says",
      503,
      '{"code":"not_found","message":"no such note"}',
      Code.NotFound,
      "no such note",
    ],
    [
      "has the code of the status, if the body has none",
      503,
      '{"message":"busy"}',
      Code.Unavailable,
      "busy",
    ],
    [
      "has the code of the status, if the body's is none",
      503,
      '{"code":"__proto__"}',
      Code.Unavailable,
      "",
    ],
    ["is the status, if the body is none", 503, "<busy>", Code.Unavailable, /^HTTP 503 from http:/],
  ])("%s", async (_, status, body, code, text) => {
    const answer: NodeListener = (request, response) => {
      request.resume();
      response.writeHead(status, { "content-type": "application/json", "trailer-x-a": "1" });
      response.end(body);
    };
    const error = await failing(answer, wire, "unary");
    expect(error.code).toBe(code);
    if (typeof text === "string") expect(error.rawMessage).toBe(text);
    else expect(error.rawMessage).toMatch(text);
  });
});
