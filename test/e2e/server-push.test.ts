// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { constants, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Code, type Transport } from "@connectrpc/connect";
import { Http2SessionManager } from "@connectrpc/connect-node";
import { createStreamTransport, streamNodeAdapter } from "connect-stream/node";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failure } from "../support/gate.js";
import { createLabServiceClient, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { type Lab, serveLab } from "../support/lab.js";

const protocol = "grpc";
const kinds = ["unary", "download"] as const;

/** Makes one call, and resolves to the text that comes back. */
async function call(transport: Transport, kind: (typeof kinds)[number]): Promise<string> {
  const client = createLabServiceClient(transport);
  if (kind === "unary") return (await client.unary({ text: "hi" })).text;
  let text = "";
  for await (const note of client.download({ text: "hi" })) text += note.text;
  return text;
}

const transports = [
  ["by default", (baseUrl: string) => createStreamTransport({ protocol, baseUrl })],
  [
    "with settings that allow it",
    (baseUrl: string) =>
      createStreamTransport({ protocol, baseUrl, nodeOptions: { settings: { enablePush: true } } }),
  ],
  [
    "with a session manager that allows it",
    (baseUrl: string) =>
      createStreamTransport({
        protocol,
        baseUrl,
        sessionManager: new Http2SessionManager(baseUrl),
      }),
  ],
] as const;

describe.each(transports)("a server that pushes a stream which breaks, %s", (name, create) => {
  let pushes = 0;
  let lab: Lab;

  const serve = streamNodeAdapter({
    routes: (router) =>
      registerLabService(router, {
        unary: async (note) => note,
        download: (note, stream) => stream.send(note),
      }),
  });

  beforeAll(async () => {
    lab = await serveLab((request, response) => {
      if ("stream" in response && response.stream.pushAllowed) {
        pushes++;
        response.stream.pushStream({ ":path": "/pushed" }, (error, pushed) => {
          if (!error) breakOff(pushed);
        });
      }
      serve(request, response);
    }, "2");
  });
  beforeEach(() => {
    pushes = 0;
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  it.each(kinds)("does its client no harm: %s", async (kind) => {
    const transport = create(lab.url);
    expect(await call(transport, kind)).toBe("hi");
    expect(await call(transport, kind)).toBe("hi");
    expect(pushes).toBe(name === "with a session manager that allows it" ? 2 : 0);
  });
});

function breakOff(pushed: ServerHttp2Stream): void {
  pushed.on("error", () => undefined);
  pushed.respond({ ":status": 200 });
  pushed.close(constants.NGHTTP2_INTERNAL_ERROR);
}

describe.each(kinds)("a server that pushes though it must not, %s", (kind) => {
  it("fails the call", async () => {
    const server = createServer(push).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const transport = createStreamTransport({ protocol, baseUrl: `http://127.0.0.1:${port}` });
    // The next one has a connection of its own.
    for (let i = 0; i < 2; i++) {
      const { code } = await failure(call(transport, kind));
      expect([Code.Internal, Code.Unavailable]).toContain(code);
    }
    server.close();
    await once(server, "close");
  });
});

/** Accepts the settings of a connection, and answers its first request with a promise that breaks. */
function push(socket: Socket): void {
  socket.on("error", () => undefined);
  socket.write(Buffer.concat([frame(SETTINGS, 0, 0), frame(SETTINGS, 1, 0)]));
  let received = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    if (!frameTypes(received.subarray(PREFACE_BYTES)).includes(HEADERS)) return;
    socket.removeAllListeners("data").resume();
    // :method GET, :scheme http, :path /, :authority a
    const fields = Buffer.from([0x82, 0x86, 0x84, 0x41, 1, 0x61]);
    const promise = frame(PUSH_PROMISE, 4, 1, Buffer.from([0, 0, 0, 2]), fields);
    socket.write(Buffer.concat([promise, frame(RST_STREAM, 0, 2, Buffer.from([0, 0, 0, 2]))]));
  });
}

const PREFACE_BYTES = 24;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PUSH_PROMISE = 5;

function frameTypes(bytes: Buffer): number[] {
  const types: number[] = [];
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    types.push(bytes.readUInt8(at + 3));
  }
  return types;
}

/** https://www.rfc-editor.org/rfc/rfc9113#section-4.1 */
function frame(type: number, flags: number, stream: number, ...payload: Buffer[]): Buffer {
  const body = Buffer.concat(payload);
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}
