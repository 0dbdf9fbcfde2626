// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import * as http2 from "node:http2";
import { connect } from "node:net";
import type { StreamServiceOptions } from "connect-stream";
import { serve } from "connect-stream/node";
import { expect, it } from "vitest";
import { ownTransport } from "../faults/transport.js";
import { turn, until } from "../support/gate.js";
import { registerDeclaredService } from "../support/gen/lab/v1/declared_stream.js";
import {
  createLabServiceClient,
  type LabServiceHandler,
  registerLabService,
} from "../support/gen/lab/v1/lab_stream.js";
import {
  type MetadataServiceHandler,
  registerMetadataService,
} from "../support/gen/lab/v1/metadata_stream.js";
import { grpcOn2 } from "../support/wires.js";
import { mutateBody, mutateFields } from "./mutate.js";
import { isUnaryConnect, mutateQuery, mutateUnaryBody } from "./mutate-unary.js";
import { PATIENCE_MS, soon } from "./patience.js";
import { queueSettings } from "./queues.js";
import { caseName, cases, printedSeed, Random } from "./random.js";
import { handler, metadataHandler, type Recording, record } from "./recordings.js";
import { type Response, verdictOf } from "./verdict.js";

/** Few enough not to look like an attack of resets on one connection. */
const BATCH = 50;
const TIMEOUT_MS = 60 * 60_000;

/** As long as all is well. */
const wellFields = {
  "content-type": "application/json",
  ":method": "POST",
  ":path": "/lab.v1.LabService/Unary",
};

it(
  "a server survives mutated requests, and answers each of them",
  async () => {
    const seed = printedSeed("fuzz server");
    const { requests } = await record();
    let [open, calls] = [0, 0];
    const reported: unknown[] = [];
    const count = (change: number) => (open += change);
    const onError = (error: unknown) => reported.push(error);
    const observer = {
      open() {
        calls++;
        return { onEnd: () => void calls-- };
      },
    };
    const servers = await Promise.all(
      queueSettings.map((queues, i) =>
        start(count, { onError, queues, observer, ...(i % 2 > 0 && { compressMinBytes: 1 }) }),
      ),
    );
    const statuses: Record<string, number> = {};
    let survived = 0;
    const total = cases(10_000);
    for (let from = 0; from < total; from += BATCH) {
      const sessions = servers.map(({ url }) => http2.connect(url).on("error", () => undefined));
      const batch = Array.from({ length: Math.min(BATCH, total - from) }, async (_, i) => {
        const index = seed + from + i;
        const random = new Random(index);
        const request = mutated(random, random.pick(requests));
        const http1 = random.chance(0.2);
        const which = random.below(servers.length);
        const exchange = http1
          ? overHttp1(servers[which]?.port ?? 0, request)
          : overHttp2(sessions[which], request, random);
        const response = await soon(exchange, caseName("server", index));
        const what = http1 ? "HTTP/1.1" : verdictOf(response, caseName("server", index));
        statuses[what] = (statuses[what] ?? 0) + 1;
      });
      await Promise.all(batch);
      survived += (await Promise.all(sessions.map(servesNext))).filter(Boolean).length;
      for (const session of sessions) session.destroy();
    }
    console.log(`fuzz server: ${total} requests, ${JSON.stringify(statuses)}`);
    console.log(`fuzz server: ${survived} connections served another call`);
    expect(reported).toEqual([]);
    await soon(
      until(() => open === 0 && calls === 0),
      "the end of some call",
    );
    for (const server of servers) {
      await expectWell(server);
      await server.close({ graceMs: PATIENCE_MS });
    }
  },
  TIMEOUT_MS,
);

/** A server with all services, which counts the handlers that run. */
function start(count: (change: number) => void, options: StreamServiceOptions) {
  return serve({
    readMaxBytes: 64 * 1024,
    routes(router) {
      const { lab, metadata } = counting(count);
      registerLabService(router, lab, options);
      registerMetadataService(router, metadata, options);
      registerDeclaredService(router, { look: lab.unary }, options);
    },
  });
}

/** A connection that has survived its calls serves the next one. Resolves to whether it has. */
async function servesNext(session: http2.ClientHttp2Session): Promise<boolean> {
  if (session.closed || session.destroyed) return false;
  const stream = session.request(wellFields).on("error", () => undefined);
  let status: number | undefined;
  stream.on("response", (fields) => (status = fields[":status"]));
  stream.end("{}");
  await soon(once(stream.resume(), "close"), "the next call of a connection");
  if (session.closed || session.destroyed) return false;
  expect(status).toBe(200);
  return true;
}

async function expectWell({ url }: { url: string }): Promise<void> {
  using own = ownTransport(url, grpcOn2);
  const texts: string[] = [];
  const call = createLabServiceClient(own.transport).download({ text: "still well" });
  for await (const { text } of call) texts.push(text);
  expect(texts).toEqual(["still well", "still well", "still well"]);
}

/** Counts the handlers that run. */
function counting(count: (change: number) => void) {
  const counted = async <T>(body: T | Promise<T>): Promise<T> => {
    count(1);
    try {
      return await body;
    } finally {
      count(-1);
    }
  };
  const lab: LabServiceHandler = {
    unary: (request, context) => counted(handler.unary(request, context)),
    download: (request, stream) => counted(handler.download(request, stream)),
    upload: (stream) => counted(handler.upload(stream)),
    chat: (stream) => counted(handler.chat(stream)),
  };
  const metadata: MetadataServiceHandler = {
    upload: (join, stream) => counted(metadataHandler.upload(join, stream)),
    chat: (join, stream) => counted(metadataHandler.chat(join, stream)),
    describe: (all, stream) => counted(metadataHandler.describe(all, stream)),
  };
  return { lab, metadata };
}

function mutated(random: Random, request: Recording): Recording {
  const [body, headers] = [random.chance(0.8), random.chance(0.4)];
  return {
    ...request,
    method: random.chance(0.03) ? random.pick(["POST", "GET"]) : request.method,
    path: mutatedPath(random, request),
    body: body ? mutatedBody(random, request) : request.body,
    headers: headers ? mutateFields(random, request.headers) : request.headers,
    trailers: random.chance(0.2) ? mutateFields(random, { "x-lab": "a" }) : request.trailers,
  };
}

function mutatedPath(random: Random, { method, path }: Recording): string {
  if (method === "GET" && random.chance(0.8)) return mutateQuery(random, path);
  return random.chance(0.03) ? `${path}${random.pick(["?", "/", "%00", "?a#b"])}` : path;
}

function mutatedBody(random: Random, { method, headers, body }: Recording): Uint8Array {
  if (method === "GET") return random.chance(0.1) ? mutateBody(random, body) : body;
  return isUnaryConnect(headers) ? mutateUnaryBody(random, body) : mutateBody(random, body);
}

async function overHttp2(
  session: http2.ClientHttp2Session | undefined,
  { method, headers, path, body, trailers: requestTrailers }: Recording,
  random: Random,
): Promise<Response | undefined> {
  if (!session) throw new Error("no such server");
  let stream: http2.ClientHttp2Stream;
  try {
    const fields = { ...headers, ":method": method, ":path": path };
    stream = session.request(fields, { waitForTrailers: true, endStream: false });
  } catch {
    // Node refuses to send some headers at all.
    return undefined;
  }
  stream.on("wantTrailers", () => {
    try {
      stream.sendTrailers(requestTrailers);
    } catch {
      // And some trailers.
      stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    }
  });
  stream.on("error", () => undefined);
  const chunks: Buffer[] = [];
  let [response, trailers]: http2.IncomingHttpHeaders[] = [];
  stream.on("response", (fields) => (response = fields));
  stream.on("trailers", (fields: http2.IncomingHttpHeaders) => (trailers = fields));
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  const closed = new Promise((resolve) => stream.once("close", resolve));
  const cut = random.below(body.length + 1);
  stream.write(body.subarray(0, cut));
  await turn();
  if (random.chance(0.05)) stream.close(random.below(14));
  else stream.end(body.subarray(cut));
  await closed;
  return {
    status: response?.[":status"],
    headers: response ?? {},
    trailers: trailers ?? {},
    body: Buffer.concat(chunks),
    reset: stream.rstCode !== 0,
  };
}

/** Sends a request as bytes, some of which may be no HTTP; resolves when the server hangs up. */
async function overHttp1(
  port: number,
  { method, headers, path, body, trailers }: Recording,
): Promise<undefined> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  socket.resume();
  const fields = { ...headers, host: "lab", connection: "close", "transfer-encoding": "chunked" };
  const closed = once(socket, "close");
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines(fields)}\r\n`);
  socket.write(`${body.length.toString(16)}\r\n`);
  socket.write(body);
  socket.end(`${body.length > 0 ? "\r\n0\r\n" : ""}${lines(trailers)}\r\n`);
  await closed;
  return undefined;
}

function lines(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
}
