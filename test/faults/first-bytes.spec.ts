// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { Agent } from "node:http";
import { connect, type Socket } from "node:net";
import { createStreamTransport } from "connect-stream/node";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { concat, FramePeer, frame, settings } from "../http2/support/frames.js";
import { type Child, startChild } from "../load/commands.js";
import { FrameType } from "../support/frame-server.js";
import { createLabServiceClient } from "../support/gen/lab/v1/lab_stream.js";

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

it.each([0, 2])(
  "a GOAWAY with code %d and a request in one packet end no process",
  async (code) => {
    const { DATA, GOAWAY } = FrameType;
    const goaway = frame(GOAWAY, 0, 0, [0, 0, 0, 0, 0, 0, 0, code]);
    const request = (peer: FramePeer, stream: number) =>
      concat(
        peer.headers(stream, [
          [":method", "POST"],
          [":scheme", "http"],
          [":path", "/none"],
          [":authority", "a"],
        ]),
        frame(DATA, 1, stream, Buffer.from("hello")),
      );
    for (const orders of [
      (peer: FramePeer) => [settings(), goaway, request(peer, 1)],
      (peer: FramePeer) => [settings(), request(peer, 1), goaway, request(peer, 3)],
    ]) {
      const frames = orders(new FramePeer());
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
