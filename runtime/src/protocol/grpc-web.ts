// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import {
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
  grpcWebValidateResponseWithCompression as validateResponseWithCompression,
  validateTrailer,
} from "./connect-internals.js";
import type { Envelope } from "./envelope/envelope-reader.js";
import { incomingFields, noFields } from "./fields.js";
import type { ClientProtocol, EnvelopeServerProtocol } from "./protocol.js";
import { plainStatusMessage } from "./status-message.js";
import { grpcTimeout } from "./timeout-header.js";

const success: Envelope = {
  flags: trailerFlag,
  data: trailerSerialize(new Headers([[headerGrpcStatus, grpcStatusOk]])),
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
  requestHeader(header, { binary, timeoutMs, acceptCompression, sendCompression }) {
    const result = requestHeaderWithCompression(
      binary,
      undefined,
      header,
      acceptCompression,
      sendCompression,
      true,
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
  validateEnd({ header, head, envelope }) {
    if (envelope) {
      const trailer = trailerParse(envelope);
      validateTrailer(trailer, header.headers);
      return incomingFields(trailer);
    }
    if (head.hasStatus) return noFields;
    throw new ConnectError("protocol error: missing trailer", Code.Internal);
  },
};
