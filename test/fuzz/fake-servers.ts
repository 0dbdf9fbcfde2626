// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import * as http2 from "node:http2";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { turn } from "../support/gate.js";
import type { Random } from "./random.js";
import type { Recording } from "./recordings.js";

/** Request header that says which answer is wanted. */
export const CASE_HEADER = "x-case";

/** What a fake server answers, whole or broken off. */
export interface Answer extends Recording {
  readonly random: Random;
  readonly whole: boolean;
}

/** A server that answers each request as its case says. */
export interface Fake {
  readonly url: string;
  close(): Promise<void>;
}

/** Over HTTP/2: what Node does not send becomes a reset. */
export async function startHttp2(answers: Map<string, Answer>): Promise<Fake> {
  const server = http2.createServer();
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => undefined).on("close", () => sessions.delete(session));
  });
  server.on("sessionError", () => undefined);
  server.on("stream", (stream, headers) => {
    stream.on("error", () => undefined);
    const answer = answers.get(String(headers[CASE_HEADER]));
    if (answer) void answerOverHttp2(stream, answer);
    else stream.close();
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers; what Node will not send becomes a reset. */
async function answerOverHttp2(stream: http2.ServerHttp2Stream, answer: Answer): Promise<void> {
  const { status, headers, body, trailers, random, whole } = answer;
  try {
    stream.resume();
    const fields = { ...acceptable(headers), ":status": status };
    stream.respond(fields, { waitForTrailers: true });
    stream.on("wantTrailers", () => {
      try {
        stream.sendTrailers(acceptable(trailers));
      } catch {
        stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
      }
    });
    const cut = random.below(body.length + 1);
    if (cut > 0) stream.write(body.subarray(0, cut));
    await turn();
    if (whole) stream.end(body.subarray(cut));
    else breakOff(stream, random);
    // What was not whole must end all the same.
    if (!stream.writableEnded) stream.end();
  } catch {
    stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
  }
}

/**
 * Without a length: when Node's client refuses headers or trailers because of it, and the connection
 * ends at the same time, the process aborts now and then. See docs/reliability.md.
 */
function acceptable({ "content-length": _, ...others }: Recording["headers"]) {
  return others;
}

/** Breaks one stream off, or the connection with all of its streams. */
function breakOff(stream: http2.ServerHttp2Stream, random: Random): void {
  const code = random.below(14);
  const how = random.below(10);
  if (how === 0) stream.session?.destroy();
  // With an error code, Node's client destroys the connection while it reads from it, and may abort
  // the process for the same reason.
  else if (how === 1) stream.session?.goaway(http2.constants.NGHTTP2_NO_ERROR);
  else stream.close(code);
}

/** Over HTTP/1.1: bytes, some of which may be no HTTP. */
export async function startHttp1(answers: Map<string, Answer>): Promise<Fake> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    let head = "";
    socket.on("data", (chunk: Buffer) => {
      const before = head.includes("\r\n\r\n");
      head += chunk.toString("latin1");
      if (before || !head.includes("\r\n\r\n")) return;
      const index = new RegExp(`${CASE_HEADER}: (\\d+)`, "i").exec(head)?.[1];
      const answer = index === undefined ? undefined : answers.get(index);
      if (answer) answerOverHttp1(socket, answer);
      else socket.destroy();
    });
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers with bytes, some of which may be no HTTP, and hangs up. */
function answerOverHttp1(socket: Socket, { status, headers, body, random, whole }: Answer): void {
  const fields = { ...headers, "transfer-encoding": "chunked", connection: "close" };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} OK\r\n${lines.join("")}\r\n`);
  const chunk = body.length > 0 ? [`${body.length.toString(16)}\r\n`, body, "\r\n"] : [];
  for (const piece of chunk) socket.write(piece);
  if (whole) socket.end("0\r\n\r\n");
  else if (random.chance(0.5)) socket.resetAndDestroy();
  else socket.end();
}

async function listen(server: {
  listen(port: number, host: string): unknown;
  address(): AddressInfo | string | null;
}): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server as unknown as NodeJS.EventEmitter, "listening");
  return (server.address() as AddressInfo).port;
}
