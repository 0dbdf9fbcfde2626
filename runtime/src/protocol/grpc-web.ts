// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import {
  codeFromHttpStatus,
  grpcWebContentTypeJson as contentTypeJson,
  grpcWebContentTypeProto as contentTypeProto,
  grpcStatusOk,
  headerAcceptEncoding,
  headerEncoding,
  headerGrpcStatus,
  grpcHeaderTimeout as headerTimeout,
  grpcWebParseContentType as parseContentType,
  grpcParseTimeout as parseTimeout,
  grpcWebRequestHeaderWithCompression as requestHeaderWithCompression,
  setTrailerStatus,
  trailerFlag,
  trailerParse,
  trailerSerialize,
} from "./connect-internals.js";
import type { Envelope } from "./envelope/envelope-reader.js";
import { incomingFields, noFields } from "./fields.js";
import { checkGrpcStatus, decodeMessage, grpcHeadStatus } from "./grpc-status.js";
import type { ClientProtocol, EnvelopeServerProtocol } from "./protocol.js";
import { responseCompression, unsupportedContentType } from "./response-head.js";
import { plainStatusMessage } from "./status-message.js";
import { grpcTimeout } from "./timeout-header.js";

const ENCODING = headerEncoding.toLowerCase();

const success: Envelope = {
  flags: trailerFlag,
  // As Connect writes it, without the `fetch` of Node that `Headers` loads.
  data: new TextEncoder().encode(`${headerGrpcStatus.toLowerCase()}: ${grpcStatusOk}\r\n`),
};

/** gRPC-Web, binary. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md */
export const grpcWeb: EnvelopeServerProtocol & ClientProtocol = {
  framing: "envelope",
  name: "grpc-web",
  endFlag: trailerFlag,
  timeout: headerTimeout.toLowerCase(),
  encoding: headerEncoding.toLowerCase(),
  acceptEncoding: headerAcceptEncoding.toLowerCase(),
  parseContentType(contentType) {
    const type = parseContentType(contentType);
    return type?.text ? undefined : type;
  },
  contentType: (binary) => (binary ? contentTypeProto : contentTypeJson),
  parseTimeout,
  requireVersion: () => undefined,
  end(trailer, error) {
    if (!trailer && !error) return { envelope: success };
    const all = plainStatusMessage(setTrailerStatus(trailer ?? new Headers(), error));
    return { envelope: { flags: trailerFlag, data: trailerSerialize(all) } };
  },
  formatTimeout: grpcTimeout,
  requestHeader: (header, { binary, acceptCompression, sendCompression }) =>
    requestHeaderWithCompression(
      binary,
      undefined,
      header,
      acceptCompression,
      sendCompression,
      true,
    ),
  validateHead(status, header, { binary, acceptCompression }) {
    // As the package `grpc-web` does, all of the 200 range counts as 200.
    if (status < 200 || status > 299) {
      const message = decodeMessage(header.get("grpc-message") ?? `HTTP ${status}`);
      throw new ConnectError(message, codeFromHttpStatus(status), header.headers);
    }
    const told = grpcHeadStatus(header);
    const type = header.get("content-type");
    const expected = type === (binary ? contentTypeProto : contentTypeJson);
    if (!expected && !told.error && !parseContentType(type ?? null)) {
      throw unsupportedContentType(header);
    }
    const compression = responseCompression(header, ENCODING, acceptCompression);
    return { compression, ...told };
  },
  validateEnd({ header, head, envelope, empty }) {
    if (envelope) {
      const trailer = incomingFields(trailerParse(envelope));
      checkGrpcStatus(trailer, header);
      return trailer;
    }
    if (head.hasStatus && empty) {
      if (head.error) throw head.error;
      return noFields;
    }
    throw new ConnectError("protocol error: missing trailer", Code.Internal);
  },
};
