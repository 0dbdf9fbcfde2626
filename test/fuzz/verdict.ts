// SPDX-License-Identifier: Apache-2.0
import type { IncomingHttpHeaders } from "node:http2";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { fromBinary, fromJsonString } from "@bufbuild/protobuf";
import { Code } from "connect-stream";
import { NoteSchema } from "../support/gen/lab/v1/lab_pb.js";

/** What a server answered. */
export interface Response {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The stream was reset, by either side. */
  readonly reset: boolean;
}

/** What the server answered, which must make sense in the protocol that it says it is. */
export function verdictOf(response: Response | undefined, what: string): string {
  try {
    return verdict(response);
  } catch (cause) {
    throw new Error(`a senseless answer: ${what}`, { cause });
  }
}

function verdict(response: Response | undefined): string {
  if (!response) return "not sent";
  const { status, headers, trailers, body, reset } = response;
  if (reset && status === undefined) return "reset";
  const type = headers["content-type"] ?? "";
  if (status !== 200) return type === "application/json" ? unaryError(response) : `HTTP ${status}`;
  if (type.startsWith("application/grpc-web")) {
    const text = type.startsWith("application/grpc-web-text") ? fromBase64(body) : body;
    return `grpc-web ${reset ? "reset" : statusOf(/grpc-status: ?(\d+)/i.exec(text.toString("latin1"))?.[1])}`;
  }
  if (type.startsWith("application/grpc")) {
    const found = trailers["grpc-status"] ?? headers["grpc-status"];
    return `grpc ${reset && !found ? "reset" : statusOf(String(found))}`;
  }
  if (type === "application/proto" || type === "application/json") return unarySuccess(response);
  if (!type.startsWith("application/connect+")) return `type ${type}`;
  if (reset) return "connect reset";
  const parsed: unknown = JSON.parse(lastEnvelope(body).toString());
  const code = (parsed as { error?: { code?: string } }).error?.code ?? "ok";
  return `connect ${code}`;
}

/** Bytes whose base64 may have padding in the middle, behind each write. */
function fromBase64(body: Buffer): Buffer {
  const parts = body.toString("latin1").match(/[^=]+={0,2}/g) ?? [];
  return Buffer.concat(parts.map((part) => Buffer.from(part, "base64")));
}

/** An error of Connect's unary calls has one of its codes. */
function unaryError({ body, reset }: Response): string {
  if (reset) return "unary reset";
  const { code }: { code?: unknown } = JSON.parse(body.toString());
  const known = Object.keys(Code).map((name) => name.replace(/\B[A-Z]/g, "_$&").toLowerCase());
  if (typeof code !== "string" || !known.includes(code)) throw new Error(`code ${code}`);
  return `unary ${code}`;
}

/** The one message of a response is whole. */
function unarySuccess({ headers, body, reset }: Response): string {
  if (reset) return "unary reset";
  const data = decompress(headers["content-encoding"], body);
  if (headers["content-type"] === "application/json") fromJsonString(NoteSchema, data.toString());
  else fromBinary(NoteSchema, data);
  return "unary ok";
}

function decompress(encoding: string | undefined, body: Buffer): Buffer {
  if (encoding === undefined || encoding === "identity") return body;
  if (encoding === "gzip") return gunzipSync(body);
  if (encoding === "br") return brotliDecompressSync(body);
  throw new Error(`encoding ${encoding}`);
}

/** The data of the envelope that ends a Connect response. */
function lastEnvelope(body: Buffer): Buffer {
  for (let at = 0; at + 5 <= body.length; ) {
    const next = at + 5 + body.readUInt32BE(at + 1);
    if ((body[at] ?? 0) & 2 && next === body.length) return body.subarray(at + 5);
    at = next;
  }
  throw new Error("a response without an end");
}

function statusOf(text: string | undefined): string {
  const status = Number(text);
  if (!Number.isInteger(status) || status < 0 || status > 16) throw new Error(`status ${text}`);
  return String(status);
}
