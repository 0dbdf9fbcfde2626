// SPDX-License-Identifier: Apache-2.0
import { base64Body } from "./base64-body.js";
import { grpcWebParseContentType as parseContentType } from "./connect-internals.js";
import { grpcWeb } from "./grpc-web.js";
import type { EnvelopeServerProtocol } from "./protocol.js";

const CONTENT_TYPE = "application/grpc-web-text";

/**
 * gRPC-Web in base64: what the package `grpc-web` speaks where it streams, since an `XMLHttpRequest`
 * gives text as it arrives, and bytes only at the end.
 */
export const grpcWebText: EnvelopeServerProtocol = {
  ...grpcWeb,
  bodyCoding: base64Body,
  parseContentType(contentType) {
    const type = parseContentType(contentType);
    return type?.text ? type : undefined;
  },
  contentType: (binary) => `${CONTENT_TYPE}+${binary ? "proto" : "json"}`,
};
