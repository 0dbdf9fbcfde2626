// SPDX-License-Identifier: Apache-2.0
import { ConnectError } from "@connectrpc/connect";
import {
  codeFromHttpStatus,
  grpcContentTypeJson as contentTypeJson,
  grpcContentTypeProto as contentTypeProto,
  grpcStatusOk,
  headerAcceptEncoding,
  headerEncoding,
  headerGrpcStatus,
  grpcHeaderTimeout as headerTimeout,
  grpcParseContentType as parseContentType,
  grpcParseTimeout as parseTimeout,
  grpcRequestHeaderWithCompression as requestHeaderWithCompression,
  setTrailerStatus,
} from "./connect-internals.js";
import { type Field, type Fields, noFields } from "./fields.js";
import { checkGrpcStatus, grpcHeadStatus, hasGrpcStatus } from "./grpc-status.js";
import type { ClientProtocol, EnvelopeServerProtocol } from "./protocol.js";
import { responseCompression, unsupportedContentType } from "./response-head.js";
import { plainStatusMessage } from "./status-message.js";
import { grpcTimeout } from "./timeout-header.js";

const ENCODING = headerEncoding.toLowerCase();

/** Frozen, so that a wire may prepare it once. */
const success: Fields = Object.freeze<Field[]>([[headerGrpcStatus, grpcStatusOk]]);

/** gRPC over HTTP/2. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
export const grpc: EnvelopeServerProtocol & ClientProtocol = {
  framing: "envelope",
  name: "grpc",
  endFlag: 0,
  timeout: headerTimeout.toLowerCase(),
  encoding: headerEncoding.toLowerCase(),
  acceptEncoding: headerAcceptEncoding.toLowerCase(),
  parseContentType,
  contentType: (binary) => (binary ? contentTypeProto : contentTypeJson),
  parseTimeout,
  requireVersion: () => undefined,
  end: (trailer, error) => ({
    trailer:
      trailer || error
        ? plainStatusMessage(setTrailerStatus(trailer ?? new Headers(), error))
        : success,
  }),
  formatTimeout: grpcTimeout,
  requestHeader: (header, { binary, acceptCompression, sendCompression }) =>
    requestHeaderWithCompression(binary, undefined, header, acceptCompression, sendCompression),
  validateHead(status, header, { binary, acceptCompression }) {
    if (status !== 200) {
      throw new ConnectError(`HTTP ${status}`, codeFromHttpStatus(status), header.headers);
    }
    const type = header.get("content-type");
    const expected = type === (binary ? contentTypeProto : contentTypeJson);
    if (!expected && !parseContentType(type ?? null)) throw unsupportedContentType(header);
    const compression = responseCompression(header, ENCODING, acceptCompression);
    return { compression, ...grpcHeadStatus(header) };
  },
  validateEnd({ header, head, trailer = noFields, empty }) {
    // A status in the head is that of the response only if nothing follows it.
    if (!head.hasStatus || !empty || hasGrpcStatus(trailer)) checkGrpcStatus(trailer, header);
    else if (head.error) throw head.error;
    return trailer;
  },
};
