// SPDX-License-Identifier: Apache-2.0
// gRPC-Web in base64, from the official browser client, and by hand.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { createFetchHandler } from "connect-stream/fetch";
import { GrpcWebClientBase, MethodDescriptor, type RpcError, type Status } from "grpc-web";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { installXhr } from "../support/clients/xhr.js";
import { gate, observed } from "../support/gate.js";
import { type Note, NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import { type LabServiceHandler, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { bulk, isBulk, type NoteInit, note } from "../support/note.js";
import { envelope, noteEnvelope, rawHttp2, statusOf } from "../support/raw.js";

const TYPE = "application/grpc-web-text";

const handler: Partial<LabServiceHandler> = {
  unary: async (request) => request,
  async download({ number, text }, stream) {
    for (let at = 0n; at < number; at++) await stream.send({ number: at });
    if (text) throw new ConnectError(text, Code.NotFound);
  },
  async upload(stream) {
    let text = "";
    for await (const message of stream) text += message.text;
    await stream.sendAndClose({ text });
  },
};

describe("the package grpc-web", () => {
  let uninstall = () => {};
  beforeAll(() => {
    uninstall = installXhr();
  });
  afterAll(() => uninstall());

  /** A client in text mode, which is what streams. */
  async function clientOf(served: Partial<LabServiceHandler>) {
    const lab = await startLab(served, { http: "1.1" });
    onTestFinished(() => lab[Symbol.asyncDispose]());
    const client = new GrpcWebClientBase({ format: "text", maxReceiveMessageSize: 0 });
    const at = (rpc: string) => `${lab.url}/lab.v1.LabService/${rpc}`;
    return {
      unary: (request: NoteInit, metadata = {}) =>
        client.unaryCall(at("Unary"), create(NoteSchema, request), metadata, unary),
      download: (request: NoteInit, metadata = {}) =>
        client.serverStreaming(at("Download"), create(NoteSchema, request), metadata, download),
    };
  }

  it("calls unary RPCs", async () => {
    const client = await clientOf(handler);
    expect(await client.unary({ text: "Grüße 🙂" })).toMatchObject({ text: "Grüße 🙂" });
  });

  it("receives streams, each message as it is sent", async () => {
    const heard = gate<void>();
    const client = await clientOf({
      async download(_request, stream) {
        await stream.send(note("first"));
        await heard.promise;
        await stream.send(note("second"));
      },
    });
    const seen: string[] = [];
    const stream = client.download({});
    stream.on("data", ({ text }) => {
      seen.push(text);
      heard.resolve();
    });
    expect(await endOf(stream)).toMatchObject({ code: 0 });
    expect(seen).toEqual(["first", "second"]);
  });

  it("receives messages of any size", async () => {
    const client = await clientOf({
      async download(_request, stream) {
        for (let number = 0; number < 10; number++)
          await stream.send(bulk(20_000 + number, number));
      },
    });
    const seen: Note[] = [];
    const stream = client.download({});
    stream.on("data", (message) => seen.push(message));
    await endOf(stream);
    const whole = seen.filter((message, number) => isBulk(message, 20_000 + number, number));
    expect(whole).toHaveLength(10);
  });

  it("receives the error of a handler, after its messages", async () => {
    const client = await clientOf(handler);
    const seen: Note[] = [];
    const stream = client.download({ number: 2n, text: "none left" });
    stream.on("data", (message) => seen.push(message));
    expect(await endOf(stream)).toMatchObject({ code: Code.NotFound, message: "none left" });
    expect(seen).toHaveLength(2);
  });

  it("ends a call at its deadline, and cancels one", async () => {
    const { handler: wait, ended } = observed(async (_request: Note, stream: WaitStream) => {
      await stream.send(note("begun"));
      await new Promise((_, reject) => {
        stream.context.signal.addEventListener("abort", () => reject(stream.context.signal.reason));
      });
    });
    const client = await clientOf({ download: wait, unary: () => new Promise(() => undefined) });
    const deadline = String(Date.now() + 100);
    await expect(client.unary({}, { deadline })).rejects.toMatchObject({
      code: Code.DeadlineExceeded,
    });
    const stream = client.download({});
    stream.on("data", () => stream.cancel());
    expect(await ended).toMatchObject({ code: Code.Canceled });
  });
});

interface WaitStream {
  send(message: NoteInit): Promise<void>;
  readonly context: { readonly signal: AbortSignal };
}

/** What tells a stream of grpc-web's how it ended. */
interface Ending {
  on(event: "status", listener: (status: Status) => void): unknown;
  on(event: "error", listener: (error: RpcError) => void): unknown;
}

function endOf(stream: Ending): Promise<Status | RpcError> {
  return new Promise((resolve) => {
    stream.on("status", resolve);
    stream.on("error", resolve);
  });
}

class AnyNote {}

function descriptor(name: string, type: string): MethodDescriptor<Note, Note> {
  return new MethodDescriptor(
    `/lab.v1.LabService/${name}`,
    type,
    AnyNote as new () => Note,
    AnyNote as new () => Note,
    (message: Note) => toBinary(NoteSchema, message),
    (bytes: Uint8Array) => fromBinary(NoteSchema, bytes),
  );
}

const unary = descriptor("Unary", "unary");
const download = descriptor("Download", "server_streaming");

describe("by hand", () => {
  const path = "/lab.v1.LabService/Upload";
  const base64 = (bytes: Uint8Array) => Buffer.from(Buffer.from(bytes).toString("base64"));
  const messages = Buffer.concat([noteEnvelope(note("a")), noteEnvelope(note("bc"))]);
  /** Each message padded by itself, as a client may write them. */
  const padded = Buffer.concat([noteEnvelope(note("a")), noteEnvelope(note("bc"))].map(base64));

  it.each([
    ["in one", base64(messages)],
    ["with padding within", padded],
  ])("takes a body %s, wherever it is cut", async (_, body) => {
    const lab = await startLab(handler, { http: "2" });
    onTestFinished(() => lab[Symbol.asyncDispose]());
    const headers = { ":path": path, "content-type": TYPE };
    for (let at = 0; at <= body.length; at++) {
      const response = await rawHttp2(lab.url, headers, [body.subarray(0, at), body.subarray(at)]);
      expect(response.status).toBe(200);
      expect(response.headers["content-type"]).toBe(`${TYPE}+proto`);
      expect(decoded(response.body).toString("latin1")).toMatch(/abc.*grpc-status: 0/s);
    }
  });

  it.each([
    ["is not base64", Buffer.from("AA*A")],
    ["is cut off", base64(messages).subarray(0, -1)],
    ["has an envelope that is cut off", base64(messages.subarray(0, -1))],
  ])("refuses a body that %s", async (_, body) => {
    const lab = await startLab(handler, { http: "2" });
    onTestFinished(() => lab[Symbol.asyncDispose]());
    const headers = { ":path": path, "content-type": `${TYPE}+proto` };
    const response = await rawHttp2(lab.url, headers, [body]);
    expect(statusOf({ ...response, body: decoded(response.body) })).toBe("invalid_argument");
  });

  it("speaks JSON, too, and on hosts of fetch", async () => {
    const handle = createFetchHandler({ routes: (router) => registerLabService(router, handler) });
    const init = {
      method: "POST",
      headers: { "content-type": `${TYPE}+json` },
      body: base64(envelope(Buffer.from('{"text":"x"}'))).toString(),
    };
    const response = await handle(new Request(`https://in.process${path}`, init));
    expect(response.headers.get("content-type")).toBe(`${TYPE}+json`);
    const text = decoded(Buffer.from(await response.arrayBuffer())).toString("latin1");
    expect(text).toContain('{"text":"x"}');
    expect(text).toContain("grpc-status: 0");
  });
});

/** A body whose groups of four characters may be padded anywhere. */
function decoded(body: Buffer): Buffer {
  const groups = body.toString("latin1").match(/.{4}/gs) ?? [];
  return Buffer.concat(groups.map((group) => Buffer.from(group, "base64")));
}
