// SPDX-License-Identifier: Apache-2.0
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import type { Field, Fields, IncomingFields } from "../protocol/fields.js";
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

const prepared = new WeakMap<Fields, OutgoingHttpHeaders>();

/**
 * Fields of a response or trailer as Node's, without those of the connection. A frozen list is
 * prepared once.
 */
export function toNodeHeaders(fields: Fields): OutgoingHttpHeaders {
  const before = prepared.get(fields);
  if (before) return before;
  const nodeHeaders = convert(fields);
  if (Object.isFrozen(fields)) prepared.set(fields, Object.freeze(nodeHeaders));
  return nodeHeaders;
}

function convert(fields: Fields): OutgoingHttpHeaders {
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

const preparedRequests = new WeakMap<Fields, OutgoingHttpHeaders>();

/** Fields of a request as Node's, and one more. A frozen list is prepared once. */
export function toRequestHeaders(fields: Fields, more?: Field): OutgoingHttpHeaders {
  const nodeHeaders = preparedRequests.get(fields) ?? prepareRequestHeaders(fields);
  if (!more) return nodeHeaders;
  const [name, value] = more;
  return { ...nodeHeaders, [name.toLowerCase()]: value };
}

/** `te` says that trailers are welcome, which gRPC needs. */
function prepareRequestHeaders(fields: Fields): OutgoingHttpHeaders {
  const nodeHeaders = convert(fields);
  for (const [name, value] of fields) if (name.toLowerCase() === "te") nodeHeaders.te = value;
  if (Object.isFrozen(fields)) preparedRequests.set(fields, Object.freeze(nodeHeaders));
  return nodeHeaders;
}

/** Headers or trailers as Node has them. They become fetch's if somebody asks for these. */
export class NodeFields implements IncomingFields {
  readonly #fields: IncomingHttpHeaders;
  readonly #raw: string[] | undefined;
  #headers: Headers | undefined;

  /** `raw`: see `fromNodeHeaders`. */
  constructor(fields: IncomingHttpHeaders, raw?: string[]) {
    this.#fields = fields;
    this.#raw = raw;
  }

  get(name: string): string | undefined {
    if (!Object.hasOwn(this.#fields, name)) return undefined;
    const value = this.#fields[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  get headers(): Headers {
    this.#headers ??= fromNodeHeaders(this.#fields, this.#raw);
    return this.#headers;
  }
}
