// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import * as http2 from "node:http2";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Transport } from "@connectrpc/connect";
import { Code, ConnectError, type StreamOutcome, type StreamQueues } from "connect-stream";
import { expect, it } from "vitest";
import { type OwnTransport, ownTransport } from "../faults/transport.js";
import "../support/process-faults.js";
import { turn } from "../support/gate.js";
import {
  type ChatClientStream,
  createLabServiceClient,
  type DownloadClientStream,
  type UploadClientStream,
} from "../support/gen/lab/v1/lab_stream.js";
import { createMetadataServiceClient } from "../support/gen/lab/v1/metadata_stream.js";
import type { Wire } from "../support/wires.js";
import { mutateBody, mutateFields } from "./mutate.js";
import { soon } from "./patience.js";
import { queueSettings } from "./queues.js";
import { caseName, cases, printedSeed, Random } from "./random.js";
import { allKinds, join, type Recording, record } from "./recordings.js";

const BATCH = 50;
const TIMEOUT_MS = 60 * 60_000;
/** Every so many-th case is left as it was recorded, and has to be received as such. */
const CONTROL_EVERY = 25;

/** Request header that says which answer is wanted. */
const CASE_HEADER = "x-case";

interface Answer extends Recording {
  readonly random: Random;
  readonly whole: boolean;
}

it(
  "a client survives mutated responses, and every promise of a call settles",
  async () => {
    const seed = printedSeed("fuzz client");
    const { responses } = await record();
    const answers = new Map<string, Answer>();
    const http2Server = await startHttp2(answers);
    const http1Server = await startHttp1(answers);
    const ends: Record<string, number> = {};
    const total = cases(10_000);
    for (let from = 0; from < total; from += BATCH) {
      const transports = new Map<string, OwnTransport>();
      const batch = Array.from({ length: Math.min(BATCH, total - from) }, async (_, i) => {
        const index = seed + from + i;
        const random = new Random(index);
        const control = index % CONTROL_EVERY === 0;
        const recording = random.pick(responses);
        const answer = control
          ? { ...recording, random, whole: true }
          : { ...mutated(random, recording), random, whole: random.chance(0.8) };
        answers.set(String(index), answer);
        const oneWay = /(Upload|Download)$/.test(answer.path);
        const http = answer.protocol !== "grpc" && oneWay && random.chance(0.3) ? "1.1" : "2";
        const wire: Wire = { protocol: answer.protocol, http, name: "" };
        // A control does not share its connection with cases that may end it.
        const key = `${wire.protocol} ${http} ${control}`;
        const own =
          transports.get(key) ??
          ownTransport(http === "2" ? http2Server.url : http1Server.url, wire);
        transports.set(key, own);
        // What a queue may do to a call would be no fault of the response.
        const queues = control ? {} : new Random(~index).pick(queueSettings);
        const calling = call(own.transport, answer.path, queues, index);
        const outcome = await soon(calling, caseName("client", index));
        answers.delete(String(index));
        if (control) expectAsRecorded(outcome, answer, caseName("client", index));
        const end = `${outcome.endedBy} ${outcome.code ?? "ok"}`;
        ends[end] = (ends[end] ?? 0) + 1;
      });
      await Promise.all(batch);
      for (const own of transports.values()) own[Symbol.dispose]();
    }
    console.log(`fuzz client: ${total} responses, ${JSON.stringify(ends)}`);
    await http2Server.close();
    await http1Server.close();
  },
  TIMEOUT_MS,
);

function mutated(random: Random, response: Recording): Recording {
  const [body, headers, trailers] = [0.7, 0.3, 0.4].map((share) => random.chance(share));
  return {
    ...response,
    status: random.chance(0.05) ? random.pick([100, 204, 302, 400, 404, 429, 500, 503]) : 200,
    body: body ? mutateBody(random, response.body) : response.body,
    headers: headers ? mutateFields(random, response.headers) : response.headers,
    trailers: trailers ? mutateFields(random, response.trailers) : response.trailers,
  };
}

/** Makes a call, and waits until all its promises have settled: with a value or a ConnectError. */
async function call(
  transport: Transport,
  path: string,
  queues: StreamQueues,
  index: number,
): Promise<StreamOutcome> {
  const options = { headers: { [CASE_HEADER]: String(index) }, queues };
  const client = createLabServiceClient(transport);
  const named = createMetadataServiceClient(transport);
  switch (path.replace(/.*[.]/, "")) {
    case "LabService/Upload":
      return upload(client.upload(options), index);
    case "MetadataService/Upload":
      return upload(named.upload(join, options), index);
    case "LabService/Download":
      return download(client.download({}, options), index);
    case "MetadataService/Chat":
      return chat(named.chat(join, options), index);
    case "MetadataService/Describe":
      return chat(named.describe(allKinds, options), index);
    default:
      return chat(client.chat(options), index);
  }
}

async function upload(stream: UploadClientStream, index: number): Promise<StreamOutcome> {
  const sent = stream.send({ text: "one" });
  await settled(index, [sent, stream.closeAndRecv(), stream.header, stream.trailer]);
  return stream.outcome;
}

async function download(stream: DownloadClientStream, index: number): Promise<StreamOutcome> {
  await settled(index, [readAll(stream), stream.header, stream.trailer]);
  return stream.outcome;
}

async function chat(stream: ChatClientStream, index: number): Promise<StreamOutcome> {
  await settled(index, [stream.send({ text: "one" }), stream.closeSend()]);
  return download(stream, index);
}

async function readAll(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

async function settled(index: number, promises: Promise<unknown>[]): Promise<void> {
  const what = caseName("client", index);
  for (const result of await Promise.allSettled(promises)) {
    if (result.status === "fulfilled") continue;
    expect(result.reason, what).toBeInstanceOf(ConnectError);
    expect(Code[(result.reason as ConnectError).code], what).toBeTypeOf("string");
  }
}

function expectAsRecorded(
  { code, error }: StreamOutcome,
  { body, trailers, headers }: Answer,
  what: string,
): void {
  const all = `${JSON.stringify(trailers)}${JSON.stringify(headers)}${Buffer.from(body).toString("latin1")}`;
  const failed = /not_found|"grpc-status":"5"|grpc-status: ?5/.test(all);
  expect({ failed, error: String(error) }, what).toEqual({
    failed: code !== undefined,
    error: String(error),
  });
}

interface Fake {
  readonly url: string;
  close(): Promise<void>;
}

async function startHttp2(answers: Map<string, Answer>): Promise<Fake> {
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

async function startHttp1(answers: Map<string, Answer>): Promise<Fake> {
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
