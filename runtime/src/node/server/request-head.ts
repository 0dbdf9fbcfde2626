// SPDX-License-Identifier: Apache-2.0
import type { ContextValues } from "@connectrpc/connect";
import type { Peer } from "../../api/observer.js";
import type { RequestHead } from "../../server/context.js";
import { fromNodeHeaders } from "../headers.js";
import type { NodeRequest } from "../node-types.js";

/** The URL of a request, or `undefined` for a request that names no valid host. */
export function requestUrl(request: NodeRequest): string | undefined {
  const host = request.headers[":authority"] ?? request.headers.host;
  if (typeof host !== "string" || host === "") return undefined;
  const scheme = "encrypted" in request.socket ? "https" : "http";
  const url = `${scheme}://${host}${request.url ?? ""}`;
  if (!URL.canParse(url)) return undefined;
  // A host with a slash, a question mark or a user name in it would be read as something else.
  return /[\s/?#@\\]/.test(host) ? undefined : url;
}

/** What a request's head says, for the context of its call. */
export class NodeRequestHead implements RequestHead {
  readonly method: string;
  readonly url: string;
  readonly contextValues: ContextValues | undefined;
  readonly #request: NodeRequest;
  #header: Headers | undefined;

  constructor(request: NodeRequest, url: string, contextValues: ContextValues | undefined) {
    this.#request = request;
    this.method = request.method ?? "";
    this.url = url;
    this.contextValues = contextValues;
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
