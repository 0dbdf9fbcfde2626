// SPDX-License-Identifier: Apache-2.0
import type { ContextValues } from "@connectrpc/connect";
import type { Peer } from "../../api/observer.js";
import type { RequestHead } from "../../server/context.js";
import { fromNodeHeaders } from "../headers.js";
import type { NodeRequest } from "../node-types.js";

/** So many hosts are remembered as valid; clients could make up any number. */
const MAX_REMEMBERED = 1000;

const origins = new Map<string, string>();

/**
 * `scheme` and `host` as an origin; `undefined`: the host is not valid. A host that is valid and that no
 * URL can have, such as the path of a socket, is `localhost`.
 */
export function toOrigin(scheme: string, host: string | undefined): string | undefined {
  if (host === undefined) return undefined;
  const given = `${scheme}://${host}`;
  const known = origins.get(given);
  if (known !== undefined) return known;
  if (!isAuthority(host)) return undefined;
  const origin = URL.canParse(given) ? given : `${scheme}://localhost`;
  if (origins.size < MAX_REMEMBERED) origins.set(given, origin);
  return origin;
}

/** Node keeps the first. https://www.rfc-editor.org/rfc/rfc9112#section-3.2 */
function hasTwoHosts({ httpVersionMajor, rawHeaders }: NodeRequest): boolean {
  if (httpVersionMajor > 1) return false;
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === "host") hosts++;
  }
  return hosts > 1;
}

/**
 * A host, and maybe a port; no user name. Clients send what they dialled: `%2Ftmp%2Fsock` for a socket,
 * names with underscores or that end in a number, addresses with a zone.
 * https://www.rfc-editor.org/rfc/rfc3986#section-3.2
 */
const authority =
  /^(?:\[[\da-fv.:]+(?:%25[\w.~%-]+)?\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})+)(?::(\d*))?$/i;

const MAX_PORT = 65_535;

function isAuthority(text: string): boolean {
  const match = authority.exec(text);
  return match !== null && Number(match[1] ?? 0) <= MAX_PORT;
}

/** What a request's head says, for the context of its call. */
export class NodeRequestHead implements RequestHead {
  readonly #request: NodeRequest;
  readonly #contextValues: ((request: NodeRequest) => ContextValues) | undefined;
  readonly #decoded: boolean;
  #header: Headers | undefined;

  /** `decoded`: a parser has decompressed the body, whatever the header says. */
  constructor(
    request: NodeRequest,
    contextValues: ((request: NodeRequest) => ContextValues) | undefined,
    decoded: boolean,
  ) {
    this.#request = request;
    this.#contextValues = contextValues;
    this.#decoded = decoded;
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
    if (typeof host !== "string" || hasTwoHosts(this.#request)) return undefined;
    return toOrigin(scheme, host);
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
    if (this.#decoded && name === "content-encoding") return undefined;
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
