// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from "node:http";
import type { ContextValues } from "@connectrpc/connect";
import type { RequestHead } from "../../server/context.js";
import type { AttachableWire, Exchange } from "../../server/dispatch.js";
import { isHttp2, type NodeRequest, type NodeResponse } from "../node-types.js";
import { sendStatus } from "./http-status.js";
import { Http1ServerWire } from "./http1-wire.js";
import { NodeHttp2ServerWire } from "./node-http2-wire.js";
import { NodeRequestHead } from "./request-head.js";

/** A request and its response, of Node's HTTP/1.1 or HTTP/2. */
export class NodeExchange implements Exchange {
  readonly head: RequestHead;
  readonly #request: NodeRequest;
  readonly #response: NodeResponse;
  readonly #halfCloseGraceMs: number;

  constructor(
    request: NodeRequest,
    response: NodeResponse,
    contextValues: ((request: NodeRequest) => ContextValues) | undefined,
    halfCloseGraceMs: number,
  ) {
    this.#request = request;
    this.#response = response;
    this.#halfCloseGraceMs = halfCloseGraceMs;
    this.head = new NodeRequestHead(request, contextValues);
  }

  refuse(status: number, header?: Readonly<Record<string, string>>): void {
    sendStatus(this.#response, status, header);
  }

  accept(streams: boolean): AttachableWire {
    const response = this.#response;
    return isHttp2(response)
      ? new NodeHttp2ServerWire(response, this.#halfCloseGraceMs, this.#cancelLooksLike(streams))
      : new Http1ServerWire(this.#request as IncomingMessage, response);
  }

  /** nghttp2 sees to it that a request is as long as it says. */
  #cancelLooksLike(streams: boolean) {
    if (streams) return "any end";
    return this.head.get("content-length") === undefined ? "an empty request" : undefined;
  }
}
