// SPDX-License-Identifier: Apache-2.0
import {
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
  grpcValidateResponseWithCompression as validateResponseWithCompression,
  validateTrailer,
} from "./connect-internals.js";
import { type Fields, noFields } from "./fields.js";
import type { ClientProtocol, EnvelopeServerProtocol } from "./protocol.js";
import { plainStatusMessage } from "./status-message.js";
import { grpcTimeout } from "./timeout-header.js";

const success: Fields = [[headerGrpcStatus, grpcStatusOk]];

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
  requestHeader(header, { binary, timeoutMs, acceptCompression, sendCompression }) {
    const result = requestHeaderWithCompression(
      binary,
      undefined,
      header,
      acceptCompression,
      sendCompression,
    );
    if (timeoutMs !== undefined) result.set(headerTimeout, grpcTimeout(timeoutMs));
    return result;
  },
  validateHead(status, header, { acceptCompression }) {
    const { compression, foundStatus, headerError } = validateResponseWithCompression(
      acceptCompression,
      status,
      header.headers,
    );
    if (headerError) throw headerError;
    return { compression: compression ?? null, hasStatus: foundStatus };
  },
  validateEnd({ header, head, trailer = noFields }) {
    if (!head.hasStatus) validateTrailer(trailer.headers, header.headers);
    return trailer;
  },
};
