// SPDX-License-Identifier: Apache-2.0
// A message that comes little by little, and never whole, between other bytes of its connection.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { serve } from "connect-stream/node";
import { expect, it, onTestFinished } from "vitest";
import { concat, FramePeer, frame, settings } from "../http2/support/frames.js";
import { FrameType } from "../support/frame-server.js";
import { turn, until } from "../support/gate.js";
import { type LabServiceHandler, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { note } from "../support/note.js";
import { noteEnvelope } from "../support/raw.js";

setFlagsFromString("--expose-gc");
const gc: () => void = runInNewContext("gc");

/** Bytes of buffers in use. What is garbage after one turn may need another to be swept. */
async function bytesInUse(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    gc();
    await turn();
  }
  return process.memoryUsage().arrayBuffers;
}

const { DATA, PING } = FrameType;

/** Resolves when the server has read what was sent. */
async function ping(socket: Socket, id: number): Promise<void> {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(id);
  const ack = Buffer.from(frame(PING, 1, 0, payload));
  const answered = new Promise<void>((resolve) => {
    let tail = Buffer.alloc(0);
    socket.on("data", function look(chunk: Buffer) {
      tail = Buffer.concat([tail, chunk]);
      if (!tail.includes(ack)) return;
      socket.off("data", look);
      resolve();
    });
  });
  socket.write(frame(PING, 0, 0, payload));
  await answered;
}

const PIECE = 1024;
const PIECES = 1024;

/** What the server reads with each piece: messages of another call, which it takes at once. */
const filler = Buffer.concat(
  Array.from({ length: 2 }, () => frame(DATA, 0, 3, noteEnvelope(note("a".repeat(15_000))))),
);

function request(peer: FramePeer, stream: number, rpc: string, type: string): Uint8Array {
  return peer.headers(stream, [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", `/lab.v1.LabService/${rpc}`],
    [":authority", "a"],
    ["content-type", type],
  ]);
}

/** Messages that the other call has taken: what came before them has been read. */
let taken = 0;

const handler: Partial<LabServiceHandler> = {
  unary: async (request) => request,
  async upload(stream) {
    for await (const _ of stream) taken++;
  },
};

it.each([
  ["Upload", "application/grpc", Buffer.from([0, 0, 0x3f, 0xff, 0xff])],
  ["Unary", "application/proto", Buffer.alloc(0)],
])("%s: a message of 1 MiB in 1024 pieces holds no more than its bytes", async (...args) => {
  const [rpc, type, begin] = args;
  const server = await serve({ routes: (router) => registerLabService(router, handler) });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const socket = connect({ port: server.port, host: "127.0.0.1", noDelay: true }).on(
    "error",
    () => undefined,
  );
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  const peer = new FramePeer();
  socket.write(concat(settings(), request(peer, 1, rpc, type)));
  socket.write(concat(frame(DATA, 0, 1, begin), request(peer, 3, "Upload", "application/grpc")));
  await ping(socket, 0);
  taken = 0;
  const before = await bytesInUse();
  const piece = Buffer.concat([frame(DATA, 0, 1, Buffer.alloc(PIECE)), filler]);
  for (let i = 1; i <= PIECES; i++) {
    socket.write(piece);
    await until(() => taken === i * 2);
  }
  const held = (await bytesInUse()) - before;
  expect(held).toBeGreaterThan(PIECES * PIECE * 0.9);
  expect(held).toBeLessThan(PIECES * PIECE * 8);
});
