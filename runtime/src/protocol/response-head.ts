// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "./connect-internals.js";
import type { IncomingFields } from "./fields.js";

/**
 * How a response is compressed, by its header `name`. Throws for a compression that this side has
 * not offered.
 */
export function responseCompression(
  header: IncomingFields,
  name: string,
  accepted: readonly Compression[],
): Compression | null {
  const encoding = header.get(name);
  if (encoding === undefined || encoding.toLowerCase() === "identity") return null;
  const found = accepted.find((compression) => compression.name === encoding);
  if (found) return found;
  const text = `unsupported response encoding "${encoding}"`;
  throw new ConnectError(text, Code.Internal, header.headers);
}

/** The error of a response that is none of the protocol: a login page, for example. */
export function unsupportedContentType(header: IncomingFields): ConnectError {
  const type = header.get("content-type");
  const what = type === undefined ? "missing content type" : `unsupported content type ${type}`;
  return new ConnectError(what, Code.Unknown, header.headers);
}
