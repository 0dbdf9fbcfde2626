// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from "node:http";
import type { ConnectError, ContextValues } from "@connectrpc/connect";
import type { RequestHead } from "../../server/context.js";
import type { AttachableWire, Exchange } from "../../server/dispatch.js";
import { HalfClose } from "../../server/half-close.js";
import { isHttp2, type NodeRequest, type NodeResponse } from "../node-types.js";
import { sendStatus } from "./http-status.js";
import { Http1ServerWire } from "./http1-wire.js";
import { NodeHttp2ServerWire } from "./node-http2-wire.js";
import { type ConsumedBody, consumedBody, isConsumed } from "./request-body.js";
import { NodeRequestHead } from "./request-head.js";
import { roundTripOf } from "./round-trip.js";

/** A request and its response, of Node's HTTP/1.1 or HTTP/2. */
export class NodeExchange implements Exchange {
  readonly head: RequestHead;
  readonly #request: NodeRequest;
  readonly #response: NodeResponse;
  readonly #halfCloseGraceMs: number;
  /** Somebody has read the body. */
  readonly #isConsumed: boolean;
  #consumed: ConsumedBody | undefined;

  constructor(
    request: NodeRequest,
    response: NodeResponse,
    contextValues: ((request: NodeRequest) => ContextValues) | undefined,
    halfCloseGraceMs: number,
  ) {
    this.#request = request;
    this.#response = response;
    this.#halfCloseGraceMs = halfCloseGraceMs;
    // The query of a GET request is its message.
    this.#isConsumed = request.method !== "GET" && isConsumed(request, response);
    this.head = new NodeRequestHead(request, contextValues, this.#isConsumed);
  }

  get fault(): ConnectError | undefined {
    return this.#body?.fault;
  }

  refuse(status: number, header?: Readonly<Record<string, string>>): void {
    sendStatus(this.#response, status, header);
  }

  accept(streams: boolean): AttachableWire {
    const response = this.#response;
    const body = this.#body?.bytes;
    if (!isHttp2(response)) {
      return new Http1ServerWire(this.#request as IncomingMessage, response, body);
    }
    const { session } = response.stream;
    const grace = {
      graceMs: this.#halfCloseGraceMs,
      confirm: session && ((tell: () => void) => roundTripOf(session).wait(tell)),
    };
    return new NodeHttp2ServerWire(response, new HalfClose(this.head, streams, grace), body);
  }

  get #body(): ConsumedBody | undefined {
    if (!this.#isConsumed) return undefined;
    this.#consumed ??= consumedBody(this.#request, this.#response);
    return this.#consumed;
  }
}
