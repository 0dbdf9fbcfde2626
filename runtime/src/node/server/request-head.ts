// SPDX-License-Identifier: Apache-2.0
import type { ContextValues } from "@connectrpc/connect";
import type { Peer } from "../../api/observer.js";
import type { RequestHead } from "../../server/context.js";
import { fromNodeHeaders } from "../headers.js";
import type { NodeRequest } from "../node-types.js";

/** So many hosts are remembered as valid; clients could make up any number. */
const MAX_REMEMBERED = 1000;

const validOrigins = new Set<string>();

/** `scheme` and `host` as an origin; `undefined`: the host is not valid. */
export function toOrigin(scheme: string, host: string | undefined): string | undefined {
  if (host === undefined || host === "") return undefined;
  const origin = `${scheme}://${host}`;
  if (validOrigins.has(origin)) return origin;
  // A host with a slash, a question mark or a user name in it would be read as something else.
  if (/[\s/?#@\\]/.test(host) || !URL.canParse(origin)) return undefined;
  if (validOrigins.size < MAX_REMEMBERED) validOrigins.add(origin);
  return origin;
}

/** What a request's head says, for the context of its call. */
export class NodeRequestHead implements RequestHead {
  readonly #request: NodeRequest;
  readonly #contextValues: ((request: NodeRequest) => ContextValues) | undefined;
  #header: Headers | undefined;

  constructor(
    request: NodeRequest,
    contextValues: ((request: NodeRequest) => ContextValues) | undefined,
  ) {
    this.#request = request;
    this.#contextValues = contextValues;
  }

  get method(): string {
    return this.#request.method ?? "";
  }

  get path(): string {
    const [path = ""] = (this.#request.url ?? "").split("?", 1);
    return path;
  }

  get origin(): string | undefined {
    const { headers, socket } = this.#request;
    const host = headers[":authority"] ?? headers.host;
    const scheme = "encrypted" in socket ? "https" : "http";
    return typeof host === "string" ? toOrigin(scheme, host) : undefined;
  }

  get url(): string {
    return `${this.origin ?? ""}${this.#request.url ?? ""}`;
  }

  /** Asked for once, by the context of the call. */
  get contextValues(): ContextValues | undefined {
    return this.#contextValues?.(this.#request);
  }

  get fullDuplex(): boolean {
    return this.#request.httpVersionMajor >= 2;
  }

  get(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  /** Read at once, if at all: a request whose connection is gone has none. */
  get peer(): Peer | undefined {
    const { remoteAddress: address, remotePort: port } = this.#request.socket;
    return address === undefined || port === undefined ? undefined : { address, port };
  }

  get #rawHeaders(): string[] | undefined {
    return this.#request.httpVersionMajor === 1 ? this.#request.rawHeaders : undefined;
  }

  get header(): Headers {
    this.#header ??= fromNodeHeaders(this.#request.headers, this.#rawHeaders);
    return this.#header;
  }
}
