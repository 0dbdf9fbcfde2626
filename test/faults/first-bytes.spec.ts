// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { Agent } from "node:http";
import { connect, type Socket } from "node:net";
import { createStreamTransport } from "connect-stream/node";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Child, startChild } from "../load/commands.js";
import { createLabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import "../support/process-faults.js";

/** An HTTP/2 client's preface, its empty SETTINGS, and a PING. https://www.rfc-editor.org/rfc/rfc9113#section-3.4 */
const ping = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
  Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0]),
  Buffer.from("answered"),
]);

/** Some begin as HTTP/2 does, to the second byte. */
const methods = ["GET", "POST", "PUT", "PATCH", "PROPFIND", "PROPPATCH", "DELETE", "OPTIONS"];

const beginnings: readonly (readonly [string, Buffer, RegExp])[] = [
  ["HTTP/2", ping, /answered/],
  ...methods.map((method) => {
    const head = `${method} /none HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`;
    return [method, Buffer.from(head), /^HTTP\/1\.1 404 /] as const;
  }),
];

let server: Child;
let port: number;
const sockets: Socket[] = [];
let unary: (text: string) => Promise<string>;

async function start(): Promise<void> {
  server = startChild("../faults/first-bytes-server.ts");
  const url = await server.ask<string>("listen");
  port = Number(new URL(url).port);
  const transport = createStreamTransport({
    baseUrl: url,
    protocol: "connect",
    httpVersion: "1.1",
    // What is open at the end of a test is the test's.
    nodeOptions: { agent: new Agent({ keepAlive: false }) },
  });
  const client = createLabServiceClient(transport);
  unary = async (text) => (await client.unary({ text })).text;
}

beforeAll(start);

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

afterAll(() => server[Symbol.asyncDispose]());

async function dial(): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => undefined);
  sockets.push(socket);
  await once(socket, "connect");
  return socket;
}

/** Resolves when the server has read it. */
async function send(socket: Socket, bytes: Uint8Array): Promise<void> {
  if (bytes.length > 0) await new Promise((resolve) => socket.write(bytes, resolve));
  await server.ask("turn");
}

/** Resolves when an answer has come. */
async function answered(socket: Socket, pattern: RegExp): Promise<void> {
  let text = "";
  for await (const chunk of socket) {
    text += chunk.toString("latin1");
    if (pattern.test(text)) return;
  }
  throw new Error(`the server closed the connection after ${JSON.stringify(text)}`);
}

/** Resolves when the server has no connection left. */
async function left(): Promise<void> {
  while ((await server.ask<number>("connections")) > 0) await server.ask("turn");
}

describe.each(beginnings)("a clear-text server, %s", (_, bytes, answer) => {
  it("answers, wherever the first bytes are split", async () => {
    for (let at = 1; at < bytes.length; at++) {
      const socket = await dial();
      await send(socket, bytes.subarray(0, at));
      await send(socket, bytes.subarray(at));
      await answered(socket, answer);
      socket.destroy();
    }
    await left();
  });

  it("answers to single bytes", async () => {
    const socket = await dial();
    for (const byte of bytes) await send(socket, Uint8Array.of(byte));
    await answered(socket, answer);
  });

  it("serves others while a peer has stopped after any byte, and closes when that leaves", async () => {
    for (let length = 0; length < bytes.length; length++) {
      await send(await dial(), bytes.subarray(0, length));
    }
    expect(await unary("meanwhile")).toBe("meanwhile");
    for (const socket of sockets.splice(0)) socket.resetAndDestroy();
    expect(await unary("afterwards")).toBe("afterwards");
    await left();
  });

  it("closes when a peer half-closes after any byte", async () => {
    for (let length = 0; length < bytes.length; length++) {
      const socket = await dial();
      await send(socket, bytes.subarray(0, length));
      socket.resume().end();
      await once(socket, "close");
    }
    await left();
    expect(await unary("afterwards")).toBe("afterwards");
  });
});

/** A frame of HTTP/2. https://www.rfc-editor.org/rfc/rfc9113#section-4.1 */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Header fields as literals. https://www.rfc-editor.org/rfc/rfc7541#section-6.2.2 */
function block(fields: Readonly<Record<string, string>>): Buffer {
  const literals = Object.entries(fields).flatMap(([name, value]) => [
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]);
  return Buffer.concat(literals);
}

it.each([0, 2])(
  "a GOAWAY with code %d and a request in one packet end no process",
  async (code) => {
    const [DATA, HEADERS, SETTINGS, GOAWAY] = [0, 1, 4, 7];
    const fields = { ":method": "POST", ":scheme": "http", ":path": "/none", ":authority": "a" };
    const requests = [1, 3].map((stream) =>
      Buffer.concat([
        frame(HEADERS, 4, stream, block(fields)),
        frame(DATA, 1, stream, Buffer.from("hello")),
      ]),
    );
    const [first = ping, second = ping] = requests;
    const goaway = frame(GOAWAY, 0, 0, Buffer.from([0, 0, 0, 0, 0, 0, 0, code]));
    const settings = frame(SETTINGS, 0, 0, Buffer.alloc(0));
    for (const frames of [
      [settings, goaway, first],
      [settings, first, goaway, second],
    ]) {
      const socket = await dial();
      await send(socket, Buffer.concat([ping.subarray(0, 24), ...frames]));
      socket.resume().end();
      await once(socket, "close");
      expect(await unary("afterwards")).toBe("afterwards");
    }
  },
);

it("a peer whose first bytes do not tell what it speaks has ten seconds", async () => {
  await left();
  await server.ask("stopClock");
  const quiet: Socket[] = [];
  for (const text of ["", "P", "PR"]) {
    const socket = await dial();
    await send(socket, Buffer.from(text));
    quiet.push(socket.resume());
  }
  await server.ask("passTime", 9_999);
  expect(await server.ask("connections")).toBe(3);
  const closed = quiet.map((socket) => once(socket, "close"));
  await server.ask("passTime", 1);
  await Promise.all(closed);
  await left();
});
