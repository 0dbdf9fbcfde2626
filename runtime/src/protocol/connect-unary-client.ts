// SPDX-License-Identifier: Apache-2.0
import { base64Encode } from "@bufbuild/protobuf/wire";
import type { ConnectError } from "@connectrpc/connect";
import { withKnownCode } from "./connect.js";
import {
  type Compression,
  contentTypeUnaryJson,
  contentTypeUnaryProto,
  errorFromJsonBytes,
  protocolVersion,
  connectRequestHeaderWithCompression as requestHeaderWithCompression,
  trailerDemux,
  connectValidateResponseWithCompression as validateResponseWithCompression,
} from "./connect-internals.js";
import type { Field, Fields, IncomingFields } from "./fields.js";
import type { ClientFormat } from "./protocol.js";

/** The field that says how a body is compressed. */
export const UNARY_ENCODING = "content-encoding";

/** The headers of a unary request. Those of one that is compressed have `content-encoding`, too. */
export function unaryRequestHeader(
  given: HeadersInit | undefined,
  { binary, acceptCompression }: ClientFormat,
): Headers {
  return requestHeaderWithCompression(
    "unary",
    binary,
    undefined,
    given,
    acceptCompression,
    null,
    true,
  );
}

/**
 * The path of a request with GET, which has the message in its query. The order of the parameters
 * is the protocol's. https://connectrpc.com/docs/protocol#unary-get-request
 */
export function getPath(
  path: string,
  message: Uint8Array,
  binary: boolean,
  compression: Compression | null,
): string {
  const base64 = binary || compression !== null;
  const text = base64
    ? base64Encode(message, "url")
    : encodeURIComponent(new TextDecoder().decode(message));
  const query = [
    `connect=v${protocolVersion}`,
    ...(base64 ? ["base64=1"] : []),
    ...(compression ? [`compression=${encodeURIComponent(compression.name)}`] : []),
    `encoding=${binary ? "proto" : "json"}`,
    `message=${text}`,
  ];
  return `${path}?${query.join("&")}`;
}

/** Fields that describe a body, or that the query says. */
const notWithGet = new Set([
  "accept-encoding",
  "connect-protocol-version",
  "content-encoding",
  "content-length",
  "content-type",
]);

/** The headers of a request with GET, of those of one with a body. */
export function getHeader(header: Fields): Field[] {
  return [...header].filter(([name]) => !notWithGet.has(name));
}

/** What the head of a unary response says. */
export interface UnaryHead {
  readonly compression: Compression | null;
  /** The body is an error, as JSON; this one, if the body cannot be read. */
  readonly error: ConnectError | undefined;
}

/** Throws a `ConnectError` for a response that is none of the protocol. */
export function validateUnaryHead(
  status: number,
  header: IncomingFields,
  { binary, acceptCompression }: ClientFormat,
): UnaryHead {
  const plain = status === 200 && header.get(UNARY_ENCODING) === undefined;
  const expected = binary ? contentTypeUnaryProto : contentTypeUnaryJson;
  if (plain && header.get("content-type") === expected) return success;
  const { compression, unaryError } = validateResponseWithCompression(
    "unary",
    acceptCompression,
    binary,
    status,
    header.headers,
  );
  return { compression: compression ?? null, error: unaryError };
}

const success: UnaryHead = { compression: null, error: undefined };

/** The error in the body of a response; `fallback`, if it holds none. */
export function unaryError(
  body: Uint8Array,
  header: IncomingFields,
  fallback: ConnectError,
): ConnectError {
  try {
    const [headers, trailers] = trailerDemux(header.headers);
    trailers.forEach((value, name) => {
      headers.append(name, value);
    });
    return withKnownCode(errorFromJsonBytes(body, headers, fallback), fallback.code);
  } catch {
    return fallback;
  }
}

/** Trailers travel as headers whose names begin with `trailer-`. */
export function splitTrailers(all: IncomingFields): {
  readonly header: IncomingFields;
  readonly trailer: IncomingFields;
} {
  let split: [Headers, Headers] | undefined;
  const both = () => {
    split ??= trailerDemux(all.headers);
    return split;
  };
  return {
    header: {
      get: (name) => all.get(name),
      get headers() {
        return both()[0];
      },
    },
    trailer: {
      get: (name) => all.get(`trailer-${name}`),
      get headers() {
        return both()[1];
      },
    },
  };
}
