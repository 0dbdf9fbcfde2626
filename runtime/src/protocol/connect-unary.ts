// SPDX-License-Identifier: Apache-2.0
import { base64Decode } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import { requireConnectVersion } from "./connect.js";
import {
  codeToHttpStatus,
  contentTypeUnaryJson,
  contentTypeUnaryProto,
  errorToJsonBytes,
  connectHeaderTimeout as headerTimeout,
  headerUnaryAcceptEncoding,
  headerUnaryEncoding,
  connectParseContentType as parseContentType,
  connectParseTimeout as parseTimeout,
} from "./connect-internals.js";
import type { Field } from "./fields.js";
import type { BodyServerProtocol } from "./protocol.js";

/** In the URL of a GET request. https://connectrpc.com/docs/protocol#unary-get-request */
const query = {
  version: "connect",
  encoding: "encoding",
  compression: "compression",
  base64: "base64",
  message: "message",
};

/** Query-Get has no headers for its codec. */
const codecs: Readonly<Record<string, boolean>> = { proto: true, json: false };

/** Unary RPCs of the Connect protocol. https://connectrpc.com/docs/protocol#unary-request */
export const connectUnary: BodyServerProtocol = {
  framing: "body",
  name: "connect",
  timeout: headerTimeout.toLowerCase(),
  encoding: headerUnaryEncoding.toLowerCase(),
  acceptEncoding: headerUnaryAcceptEncoding.toLowerCase(),
  parseContentType(contentType) {
    const type = parseContentType(contentType);
    return type && !type.stream ? type : undefined;
  },
  contentType: (binary) => (binary ? contentTypeUnaryProto : contentTypeUnaryJson),
  parseTimeout,
  requireVersion(head) {
    if (head.method === "GET") requireQueryVersion(parametersOf(head.url).get(query.version));
    else requireConnectVersion(head);
  },
  parseQuery(url) {
    const parameters = parametersOf(url);
    const encoding = parameters.get(query.encoding) ?? "";
    const binary = Object.hasOwn(codecs, encoding) ? codecs[encoding] : undefined;
    if (binary === undefined) return undefined;
    return {
      binary,
      compression: parameters.get(query.compression),
      message: () => messageOf(parameters),
    };
  },
  success: (header, trailer) => withTrailers(header, trailer),
  failure(error, header, trailer, jsonOptions) {
    const body = errorToJsonBytes(error, jsonOptions);
    const fields = new Headers([...header].map(([name, value]): [string, string] => [name, value]));
    fields.set("content-type", contentTypeUnaryJson);
    error.metadata.forEach((value, name) => {
      fields.set(name, value);
    });
    return { status: codeToHttpStatus(error.code), header: withTrailers(fields, trailer), body };
  },
};

function parametersOf(url: string): URLSearchParams {
  const at = url.indexOf("?");
  return new URLSearchParams(at < 0 ? "" : url.slice(at));
}

function messageOf(parameters: URLSearchParams): Uint8Array {
  const message = parameters.get(query.message) ?? "";
  if (parameters.get(query.base64) !== "1") return new TextEncoder().encode(message);
  try {
    return base64Decode(message);
  } catch (thrown) {
    const text = `the parameter ${query.message} is not base64`;
    throw new ConnectError(text, Code.InvalidArgument, undefined, undefined, thrown);
  }
}

function requireQueryVersion(version: string | null): void {
  if (version === "v1") return;
  throw new ConnectError(
    version === null
      ? `missing required parameter: set ${query.version} to "v1"`
      : `${query.version} must be "v1": got "${version}"`,
    Code.InvalidArgument,
  );
}

/** Trailers travel as headers. https://connectrpc.com/docs/protocol#unary-response */
function withTrailers(header: Iterable<Field>, trailer: Headers | undefined): Iterable<Field> {
  if (!trailer) return header;
  const trailers = [...trailer].map(([name, value]): Field => [`trailer-${name}`, value]);
  return trailers.length > 0 ? [...header, ...trailers] : header;
}
