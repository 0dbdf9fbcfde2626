// SPDX-License-Identifier: Apache-2.0
import type { ContextValues } from "@connectrpc/connect";
import { grpcParseContentType } from "../protocol/connect-internals.js";
import type { RequestHead } from "../server/context.js";
import type { AttachableWire, Exchange } from "../server/dispatch.js";
import { HalfClose } from "../server/half-close.js";
import { FetchWire } from "./wire.js";

const NO_TRAILERS =
  "gRPC needs HTTP trailers, which this host cannot send: use the Connect or the gRPC-Web protocol\n";

/** A `Request`, and the `Response` to it. */
export class FetchExchange implements Exchange {
  readonly head: RequestHead;
  /** Resolves when the response begins. */
  readonly response: Promise<Response>;
  readonly #request: Request;
  readonly #halfCloseGraceMs: number;
  readonly #respond: (response: Response) => void;

  constructor(
    request: Request,
    contextValues: (() => ContextValues) | undefined,
    halfCloseGraceMs: number,
  ) {
    let respond: (response: Response) => void = () => undefined;
    this.response = new Promise((resolve) => {
      respond = resolve;
    });
    this.#respond = respond;
    this.#request = request;
    this.#halfCloseGraceMs = halfCloseGraceMs;
    this.head = createHead(request, contextValues);
  }

  refuse(status: number, header?: Readonly<Record<string, string>>): void {
    const isGrpc =
      status === 415 && grpcParseContentType(this.#request.headers.get("content-type"));
    const init = { status, headers: { ...header } };
    this.#respond(new Response(isGrpc ? NO_TRAILERS : null, init));
  }

  accept(streams: boolean): AttachableWire {
    const halfClose = new HalfClose(this.head, streams, { graceMs: this.#halfCloseGraceMs });
    return new FetchWire(this.#request, this.#respond, halfClose);
  }
}

/** Who is at the other end, and over which version of HTTP, a `Request` does not say. */
function createHead(
  request: Request,
  contextValues: (() => ContextValues) | undefined,
): RequestHead {
  const { method, url, headers } = request;
  const { pathname, origin } = new URL(url);
  return {
    method,
    url,
    path: pathname,
    origin,
    header: headers,
    get: (name) => headers.get(name) ?? undefined,
    fullDuplex: true,
    peer: undefined,
    get contextValues() {
      return contextValues?.();
    },
  };
}
