// SPDX-License-Identifier: Apache-2.0
import * as http2 from "node:http2";
import { connect } from "node:net";
import { toBinary } from "@bufbuild/protobuf";
import { type Note, NoteSchema } from "./gen/lab/v1/lab_pb.js";
import { note } from "./note.js";

/** An envelope of the protocols, with whatever length it is to announce. */
export function envelope(data: Uint8Array, flags = 0, length = data.length): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, data]);
}

export function noteEnvelope(message: Note = note("hello")): Buffer {
  return envelope(toBinary(NoteSchema, message));
}

/** All that a server answered to a raw HTTP/2 request. */
export interface RawResponse {
  readonly status: number | undefined;
  readonly headers: http2.IncomingHttpHeaders;
  readonly trailers: http2.IncomingHttpHeaders;
  readonly body: Buffer;
  readonly rstCode: number;
}

/** Sends `chunks` one DATA frame each, then ends the request unless `open`. */
export async function rawHttp2(
  url: string,
  headers: http2.OutgoingHttpHeaders,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { open = false }: { open?: boolean } = {},
): Promise<RawResponse> {
  const session = http2.connect(url);
  session.on("error", () => undefined);
  const stream = session.request({ ":method": "POST", ...headers }, { endStream: false });
  let answer: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader = {};
  let trailers: http2.IncomingHttpHeaders = {};
  const body: Buffer[] = [];
  stream.on("response", (response) => {
    answer = response;
  });
  stream.on("trailers", (fields) => {
    trailers = fields;
  });
  stream.on("data", (chunk: Buffer) => body.push(chunk));
  stream.on("error", () => undefined);
  const closed = new Promise((resolve) => stream.on("close", resolve));
  for await (const chunk of chunks) {
    if (stream.closed || !stream.writable) break;
    await new Promise((resolve) => stream.write(chunk, resolve));
  }
  if (!open) stream.end();
  await closed;
  session.destroy();
  return {
    status: answer[":status"],
    headers: answer,
    trailers,
    body: Buffer.concat(body),
    rstCode: stream.rstCode ?? 0,
  };
}

/** Sends text over a socket, and resolves to all that comes back until the server closes it. */
export function rawHttp1(port: number, ...parts: (string | Uint8Array)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(answer));
    for (const part of parts) socket.write(part);
  });
}

const codes = [
  "",
  "canceled",
  "unknown",
  "invalid_argument",
  "deadline_exceeded",
  "not_found",
  "already_exists",
  "permission_denied",
  "resource_exhausted",
  "failed_precondition",
  "aborted",
  "out_of_range",
  "unimplemented",
  "internal",
  "unavailable",
  "data_loss",
  "unauthenticated",
];

/** The status that a raw response tells, by its name in Connect; "" for success. */
export function statusOf({ trailers, headers, body }: RawResponse): string {
  const inTrailers = trailers["grpc-status"] ?? headers["grpc-status"];
  if (inTrailers !== undefined) return codes[Number(inTrailers)] ?? "?";
  const text = body.toString("latin1");
  const inBody = /grpc-status: ?(\d+)/i.exec(text)?.[1];
  if (inBody !== undefined) return codes[Number(inBody)] ?? "?";
  return /"code":"(\w+)"/.exec(text)?.[1] ?? "";
}
