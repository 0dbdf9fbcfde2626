// SPDX-License-Identifier: Apache-2.0
import type { Transport } from "@connectrpc/connect";
import { Code, ConnectError, type StreamOutcome, type StreamQueues } from "connect-stream";
import { expect, it } from "vitest";
import { type OwnTransport, ownTransport } from "../faults/transport.js";
import { gate } from "../support/gate.js";
import { createDeclaredServiceClient } from "../support/gen/lab/v1/declared_stream.js";
import {
  type ChatClientStream,
  createLabServiceClient,
  type DownloadClientStream,
  type UploadClientStream,
} from "../support/gen/lab/v1/lab_stream.js";
import { createMetadataServiceClient } from "../support/gen/lab/v1/metadata_stream.js";
import type { Wire } from "../support/wires.js";
import { type Answer, CASE_HEADER, startHttp1, startHttp2 } from "./fake-servers.js";
import { mutateBody, mutateFields } from "./mutate.js";
import { isUnaryConnect, mutateUnaryBody } from "./mutate-unary.js";
import { soon } from "./patience.js";
import { queueSettings } from "./queues.js";
import { caseName, cases, printedSeed, Random } from "./random.js";
import { allKinds, join, type Recording, record } from "./recordings.js";

const BATCH = 50;
const TIMEOUT_MS = 60 * 60_000;
/** Every so many-th case is left as it was recorded, and has to be received as such. */
const CONTROL_EVERY = 25;

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
        const oneWay = /(Upload|Download|Unary|Look)$/.test(routeOf(answer));
        const http = answer.protocol !== "grpc" && oneWay && random.chance(0.3) ? "1.1" : "2";
        const wire: Wire = { protocol: answer.protocol, http, name: "" };
        // A control does not share its connection with cases that may end it.
        const format = { useBinaryFormat: !isJson(recording), useHttpGet: answer.method === "GET" };
        const key = JSON.stringify([wire, control, format]);
        const own =
          transports.get(key) ??
          ownTransport(http === "2" ? http2Server.url : http1Server.url, wire, format);
        transports.set(key, own);
        // What a queue may do to a call would be no fault of the response.
        const queues = control ? {} : new Random(~index).pick(queueSettings);
        const calling = call(own.transport, routeOf(answer), queues, index);
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
    status: random.chance(0.05)
      ? random.pick([100, 200, 204, 302, 400, 404, 429, 500, 503])
      : response.status,
    body: body ? mutatedBody(random, response) : response.body,
    headers: headers ? mutateFields(random, response.headers) : response.headers,
    trailers: trailers ? mutateFields(random, response.trailers) : response.trailers,
  };
}

function mutatedBody(random: Random, { headers, body }: Recording): Uint8Array {
  return isUnaryConnect(headers) ? mutateUnaryBody(random, body) : mutateBody(random, body);
}

/** Errors of Connect's unary calls are JSON, whatever the format of the call. */
function isJson({ status, headers }: Recording): boolean {
  return status === 200 && /json/.test(headers["content-type"] ?? "");
}

function routeOf({ path }: Recording): string {
  return path.replace(/[?].*/, "");
}

/** Makes a call, and waits until all its promises have settled: with a value or a ConnectError. */
async function call(
  transport: Transport,
  path: string,
  queues: StreamQueues,
  index: number,
): Promise<StreamOutcome> {
  const headers = { [CASE_HEADER]: String(index) };
  const options = { headers, queues };
  const client = createLabServiceClient(transport);
  const named = createMetadataServiceClient(transport);
  switch (path.replace(/.*[.]/, "")) {
    case "LabService/Unary":
    case "DeclaredService/Look":
      return unary(transport, path, headers, index);
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

async function unary(
  transport: Transport,
  path: string,
  headers: Record<string, string>,
  index: number,
): Promise<StreamOutcome> {
  const ended = gate<StreamOutcome>();
  const observer = { open: () => ({ onEnd: ended.resolve }) };
  const response = path.endsWith("Look")
    ? createDeclaredServiceClient(transport, { observer }).look({ text: "one" }, { headers })
    : createLabServiceClient(transport, { observer }).unary({ text: "one" }, { headers });
  await settled(index, [response]);
  return ended.promise;
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
