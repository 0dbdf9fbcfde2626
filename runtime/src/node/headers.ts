// SPDX-License-Identifier: Apache-2.0
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import type { Fields } from "../protocol/fields.js";
import { connectionFields } from "../protocol/reserved-fields.js";

const PROTO = "__proto__";

/**
 * Node's headers or trailers as fetch's. Pseudo-headers are left out. `raw`: names and values as
 * they came over HTTP/1.1, where Node loses a field called `__proto__` on its way to an object.
 */
export function fromNodeHeaders(nodeHeaders: IncomingHttpHeaders, raw?: string[]): Headers {
  const headers = new Headers();
  raw?.forEach((name, at) => {
    if (at % 2 === 0 && name.toLowerCase() === PROTO) headers.append(name, raw[at + 1] ?? "");
  });
  for (const name of Object.keys(nodeHeaders)) {
    const value = nodeHeaders[name];
    if (value === undefined || name.startsWith(":")) continue;
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, one);
  }
  return headers;
}

/** Fields of a response or trailer as Node's, without those of the connection. */
export function toNodeHeaders(fields: Fields): OutgoingHttpHeaders {
  // Without a prototype: fields may be called `constructor` or `__proto__`.
  const nodeHeaders: OutgoingHttpHeaders = Object.create(null);
  for (const [field, value] of fields) {
    const name = field.toLowerCase();
    if (connectionFields.has(name)) continue;
    const before = nodeHeaders[name];
    if (before === undefined) nodeHeaders[name] = value;
    else nodeHeaders[name] = Array.isArray(before) ? [...before, value] : [String(before), value];
  }
  return nodeHeaders;
}

/** Fields of a request as Node's. `te` says that trailers are welcome, which gRPC needs. */
export function toRequestHeaders(headers: Headers): OutgoingHttpHeaders {
  const nodeHeaders = toNodeHeaders(headers);
  const te = headers.get("te");
  if (te !== null) nodeHeaders.te = te;
  return nodeHeaders;
}
