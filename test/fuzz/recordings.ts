// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { compressionGzip } from "@connectrpc/connect-node";
import { Code, ConnectError } from "connect-stream";
import { ownTransport } from "../faults/transport.js";
import { registerDeclaredService } from "../support/gen/lab/v1/declared_stream.js";
import {
  createLabServiceClient,
  type LabServiceHandler,
} from "../support/gen/lab/v1/lab_stream.js";
import { type AllKinds, type Join, Mood } from "../support/gen/lab/v1/metadata_pb.js";
import {
  createMetadataServiceClient,
  type MetadataServiceHandler,
  registerMetadataService,
} from "../support/gen/lab/v1/metadata_stream.js";
import { startLab } from "../support/lab.js";
import { wires } from "../support/wires.js";
import { makeUnaryCalls } from "./unary-recordings.js";

/** One side of a valid exchange, as it was on the wire but for its length, which its body has. */
export interface Recording {
  readonly protocol: "grpc" | "grpc-web" | "connect";
  readonly method: "POST" | "GET";
  readonly path: string;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
  readonly trailers: Record<string, string>;
}

export interface Corpus {
  readonly requests: readonly Recording[];
  readonly responses: readonly Recording[];
}

const notFound = new ConnectError("caf\u00e9 \u{1f600} 100%", Code.NotFound, {
  "x-why-bin": "/+8",
});

/** Answers what it gets, with headers, trailers and messages enough to be worth cutting up. */
export const handler: LabServiceHandler = {
  async unary(request, { responseHeader, responseTrailer }) {
    responseHeader.set("x-lab-bin", "AAEC");
    responseTrailer.set("x-count", "1");
    if (request.text === "fail") throw notFound;
    return request;
  },
  async download({ text }, stream) {
    stream.context.responseHeader.set("x-lab-bin", "AAEC");
    stream.context.responseTrailer.set("x-count", "3");
    for (let i = 0n; i < 3n; i++) await stream.send({ text, number: i });
    if (text === "fail") throw notFound;
  },
  async upload(stream) {
    let count = 0n;
    while (await stream.recv()) count++;
    await stream.sendAndClose({ number: count });
  },
  async chat(stream) {
    for await (const message of stream) await stream.send(message);
  },
};

/** The same for streams with initial metadata. */
export const metadataHandler: MetadataServiceHandler = {
  upload: (_metadata, stream) => handler.upload(stream),
  chat: (_metadata, stream) => handler.chat(stream),
  describe: (_metadata, stream) => handler.chat(stream),
};

/** Metadata with a header for each field. */
export const join: Pick<Join, "userId" | "level" | "rooms" | "token"> = {
  userId: "ada",
  level: 7,
  rooms: ["lobby", "attic"],
  token: new Uint8Array([0, 1, 255]),
};
export const allKinds: Omit<Partial<AllKinds>, "$typeName" | "$unknown"> = {
  ...{ aDouble: 0.5, aFloat: -1, anInt32: -1, anInt64: -1n, aUint32: 1, aUint64: 1n },
  ...{ aSint32: -1, aSint64: -1n, aFixed32: 1, aFixed64: 1n, anSfixed32: -1, anSfixed64: -1n },
  ...{ aBool: true, aString: "caf\u00e9", aBytes: new Uint8Array([1]), mood: Mood.GOOD, maybe: "" },
  ...{ doubles: [1, 2], longs: [1n, 2n], bools: [true, false], strings: ["a", "b,c"] },
  ...{ chunks: [new Uint8Array([1]), new Uint8Array()], moods: [Mood.GOOD, Mood.BAD] },
  either: { case: "number", value: 1 },
};

/** Records what our own client sends and what our own server answers. */
export async function record(): Promise<Corpus> {
  const requests = await recordRequests();
  const plain = await recordResponses(requests, undefined);
  const compressed = await recordResponses(requests, 1);
  return { requests, responses: [...plain, ...compressed] };
}

async function recordRequests(): Promise<Recording[]> {
  const requests: Recording[] = [];
  const server = http2.createServer();
  server.on("stream", async (stream, headers) => {
    const body = await bodyOf(stream);
    requests.push(recordingOf(headers, headers, body, {}));
    stream.respond({ ":status": 200 }, { endStream: true });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const wire of wires.filter(({ http }) => http === "2")) {
    await makeUnaryCalls(url, wire);
    for (const compressed of [false, true]) {
      const gzip = { sendCompression: compressionGzip, compressMinBytes: 1 };
      using own = ownTransport(url, wire, compressed ? gzip : {});
      const client = createLabServiceClient(own.transport);
      const options = { timeoutMs: 10_000, headers: { "x-lab": "a", "x-lab-bin": "AAEC" } };
      const upload = client.upload(options);
      const chat = client.chat(options);
      for (const text of ["one", "", "three"]) {
        void upload.send({ text, payload: new Uint8Array(50) });
        void chat.send({ text, replies: [{ text }] });
      }
      const named = createMetadataServiceClient(own.transport);
      const described = [named.chat(join, options), named.describe(allKinds, options)];
      const joined = named.upload(join, options);
      for (const stream of [joined, ...described]) void stream.send({ text: "one" });
      void upload.closeAndRecv();
      void joined.closeAndRecv();
      for (const stream of [chat, ...described]) void stream.closeSend();
      const calls = [
        client.download({ text: "fail" }, options),
        client.download({ text: "good" }, options),
        upload,
        chat,
        joined,
        ...described,
      ];
      await Promise.all(calls.map(({ outcome }) => outcome));
    }
  }
  await new Promise((resolve) => server.close(resolve));
  return requests;
}

async function recordResponses(
  requests: readonly Recording[],
  compressMinBytes: number | undefined,
): Promise<Recording[]> {
  await using lab = await startLab(handler, {
    adapter: { ...(compressMinBytes !== undefined && { compressMinBytes }) },
    routes(router) {
      registerMetadataService(router, metadataHandler);
      registerDeclaredService(router, { look: handler.unary });
    },
  });
  const session = http2.connect(lab.url);
  const responses = requests.map(async ({ method, path, headers, body }) => {
    const fields = { ...headers, ":method": method, ":path": path };
    const stream = session.request(fields, { endStream: false });
    stream.end(body);
    let trailers: http2.IncomingHttpHeaders = {};
    stream.on("trailers", (fields: http2.IncomingHttpHeaders) => (trailers = fields));
    const [header] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    const response = await bodyOf(stream);
    return recordingOf({ ":path": path, ":method": method }, header, response, trailers);
  });
  const recorded = await Promise.all(responses);
  session.destroy();
  return recorded;
}

async function bodyOf(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function recordingOf(
  request: http2.IncomingHttpHeaders,
  headers: http2.IncomingHttpHeaders,
  body: Uint8Array,
  trailers: http2.IncomingHttpHeaders,
): Recording {
  const type = headers["content-type"] ?? "";
  const protocol = type.includes("grpc-web")
    ? "grpc-web"
    : type.includes("grpc")
      ? "grpc"
      : "connect";
  return {
    protocol,
    method: request[":method"] === "GET" ? "GET" : "POST",
    path: request[":path"] ?? "",
    status: Number(headers[":status"] ?? 0),
    headers: plainFields(headers),
    body,
    trailers: plainFields(trailers),
  };
}

function plainFields(fields: http2.IncomingHttpHeaders): Record<string, string> {
  const entries = Object.entries(fields).filter(
    ([name]) => !name.startsWith(":") && name !== "date" && name !== "content-length",
  );
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}
