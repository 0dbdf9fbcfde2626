// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Which headers the fields of initial metadata are, and which cannot be. */
import { type DescField, ScalarType } from "@bufbuild/protobuf";

/** Names that gRPC, Connect, proxies and tracing keep for themselves begin so. */
const reservedPrefixes = [
  "grpc-",
  "connect-",
  "proxy-",
  "sec-",
  "if-",
  "access-control-",
  "x-forwarded-",
];

/** Names that mean something to HTTP, to proxies, or to tracing, whatever the RPC. */
const reserved: ReadonlySet<string> = new Set([
  ...["accept", "accept-charset", "accept-encoding", "accept-language", "connection"],
  ...["content-disposition", "content-encoding", "content-language", "content-length"],
  ...["content-location", "content-range", "content-type", "cookie", "date", "expect", "forwarded"],
  ...["host", "http2-settings", "keep-alive", "max-forwards", "origin", "priority", "range"],
  ...["referer", "te", "trailer", "trailers", "transfer-encoding", "upgrade", "user-agent", "via"],
  ...["traceparent", "tracestate", "baggage"],
]);

/** Names of which Node.js keeps the first header and drops others: they cannot be lists. */
const singleValued: ReadonlySet<string> = new Set([
  ...["age", "authorization", "etag", "expires", "from", "last-modified", "location"],
  ...["retry-after", "server", "tk"],
]);

/** The headers that a server takes a field from. A client sends one: the first that can hold it. */
export function acceptedHeaders(field: DescField): string[] {
  const name = field.name.toLowerCase();
  const names = [...new Set([name, name.replaceAll("_", "-")])];
  const binary = names.map((one) => `${one}-bin`);
  if (field.scalar === ScalarType.BYTES) return binary;
  return field.scalar === ScalarType.STRING ? [...names, ...binary] : names;
}

/** Why a field cannot be a header, or `undefined` if it can. */
export function whyNoHeader(field: DescField): string | undefined {
  const kind = kindOf(field);
  if (kind !== undefined) {
    return `is ${kind}, allowed: scalars, enums, and repeated ones of them`;
  }
  const names = acceptedHeaders(field);
  const taken = names.find((name) => isReserved(name));
  if (taken !== undefined) {
    return `would be header "${taken}", which is reserved, rename it`;
  }
  if (field.fieldKind === "list" && names.some((name) => singleValued.has(name))) {
    return `would be header "${names[0]}", which HTTP allows only once, rename the field or make it singular`;
  }
  if (field.scalar !== ScalarType.BYTES && /_bin$/i.test(field.name)) {
    return "has a name that ends in _bin, which gRPC keeps for bytes in base64, rename it";
  }
  return undefined;
}

function kindOf(field: DescField): string | undefined {
  if (field.fieldKind === "map") return "a map";
  if (!field.message) return undefined;
  return field.fieldKind === "list" ? "a list of messages" : "a message";
}

function isReserved(name: string): boolean {
  return reserved.has(name) || reservedPrefixes.some((prefix) => name.startsWith(prefix));
}
