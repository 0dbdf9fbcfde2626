// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import {
  contentTypeStreamJson,
  contentTypeStreamProto,
  createEndStreamSerialization,
  endStreamFlag,
  headerProtocolVersion,
  headerStreamAcceptEncoding,
  headerStreamEncoding,
  connectHeaderTimeout as headerTimeout,
  connectParseContentType as parseContentType,
  connectParseTimeout as parseTimeout,
  protocolVersion,
  connectRequestHeaderWithCompression as requestHeaderWithCompression,
  connectValidateResponseWithCompression as validateResponseWithCompression,
} from "./connect-internals.js";
import { incomingFields } from "./fields.js";
import type {
  ClientProtocol,
  EnvelopeServerProtocol,
  RequestVersion,
  ResponseHead,
} from "./protocol.js";
import { connectTimeout } from "./timeout-header.js";

const ENCODING = headerStreamEncoding.toLowerCase();

const plainHead: ResponseHead = { compression: null, hasStatus: false };

const endStream = createEndStreamSerialization(undefined);

/** Streams of the Connect protocol. https://connectrpc.com/docs/protocol#streaming-rpcs */
export const connect: EnvelopeServerProtocol & ClientProtocol = {
  framing: "envelope",
  name: "connect",
  endFlag: endStreamFlag,
  timeout: headerTimeout.toLowerCase(),
  encoding: headerStreamEncoding.toLowerCase(),
  acceptEncoding: headerStreamAcceptEncoding.toLowerCase(),
  parseContentType(contentType) {
    const type = parseContentType(contentType);
    return type?.stream ? type : undefined;
  },
  contentType: (binary) => (binary ? contentTypeStreamProto : contentTypeStreamJson),
  parseTimeout,
  requireVersion: requireConnectVersion,
  end(trailer, error, jsonOptions) {
    const serialization = jsonOptions ? createEndStreamSerialization(jsonOptions) : endStream;
    const end = { metadata: trailer ?? new Headers(), ...(error && { error }) };
    return { envelope: { flags: endStreamFlag, data: serialization.serialize(end) } };
  },
  formatTimeout: connectTimeout,
  requestHeader: (header, { binary, acceptCompression, sendCompression }) =>
    requestHeaderWithCompression(
      "bidi_streaming",
      binary,
      undefined,
      header,
      acceptCompression,
      sendCompression,
      true,
    ),
  validateHead(status, header, { binary, acceptCompression }) {
    const expected = binary ? contentTypeStreamProto : contentTypeStreamJson;
    const plain = status === 200 && header.get(ENCODING) === undefined;
    if (plain && header.get("content-type") === expected) return plainHead;
    const { compression } = validateResponseWithCompression(
      "bidi_streaming",
      acceptCompression,
      binary,
      status,
      header.headers,
    );
    return { compression: compression ?? null, hasStatus: false };
  },
  validateEnd({ header, envelope }) {
    if (!envelope) {
      throw new ConnectError("protocol error: missing EndStreamResponse", Code.InvalidArgument);
    }
    const { metadata, error: parsed } = endStream.parse(envelope);
    if (!parsed) return incomingFields(metadata);
    const error = withKnownCode(parsed, Code.Unknown);
    header.headers.forEach((value, key) => {
      error.metadata.append(key, value);
    });
    throw error;
  },
};

/** Throws for a request without the header that names the protocol's version. */
export function requireConnectVersion(head: RequestVersion): void {
  const version = head.get(headerProtocolVersion.toLowerCase());
  if (version === protocolVersion) return;
  throw new ConnectError(
    version === undefined
      ? `missing required header: set ${headerProtocolVersion} to "${protocolVersion}"`
      : `${headerProtocolVersion} must be "${protocolVersion}": got "${version}"`,
    Code.InvalidArgument,
  );
}

/**
 * Connect looks codes up in an object, where it also finds `__proto__`, `constructor` and the like.
 * https://github.com/connectrpc/connect-es/blob/v2.2.0/packages/connect/src/protocol-connect/code-string.ts
 */
export function withKnownCode(error: ConnectError, otherwise: Code): ConnectError {
  if (typeof error.code === "number") return error;
  const known = new ConnectError(error.rawMessage, otherwise, error.metadata);
  known.details = error.details;
  return known;
}
