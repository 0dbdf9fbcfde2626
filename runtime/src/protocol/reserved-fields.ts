// SPDX-License-Identifier: Apache-2.0

/**
 * Fields of one HTTP/1.1 connection, or of one message's framing on it. HTTP/2 forbids them, and
 * Node.js throws for most. https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2
 */
export const connectionFields: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** What a response says of itself: of another response, it is not true. */
const responseFields: ReadonlySet<string> = new Set([
  "accept-encoding",
  "accept-post",
  "content-encoding",
  "content-type",
  "date",
]);

/** `trailer-` marks the trailers of Connect's unary responses. */
const reservedPrefixes = ["connect-", "grpc-", "proxy-", "trailer-"];

/** The one field of gRPC that handlers set: when to call again. */
export const PUSHBACK = "grpc-retry-pushback-ms";

/** Whether a field is of HTTP or of a protocol, and no metadata. `name`: in lower case. */
export function isReservedField(name: string): boolean {
  if (connectionFields.has(name) || responseFields.has(name)) return true;
  return name !== PUSHBACK && reservedPrefixes.some((prefix) => name.startsWith(prefix));
}
