// SPDX-License-Identifier: Apache-2.0
import { type ContextValues, createContextValues, type Transport } from "@connectrpc/connect";
import { runStreamingCall, runUnaryCall } from "../protocol/connect-internals.js";
import type { RpcMethod } from "../protocol/method-kind.js";
import type { Call } from "./call.js";
import { type CallInit, plainCall } from "./client-call.js";
import { streamResponse, unaryResponse } from "./connect-response.js";
import { openOnWire } from "./open-on-wire.js";
import {
  allHeaders,
  prepareMethod,
  requestOf,
  type WireMethod,
  type WireTransportOptions,
} from "./wire-method.js";

/**
 * A Connect transport on wires, for any Connect client and for interceptors. Without these, calls
 * skip what Connect has for them.
 */
export function createWireTransport(options: WireTransportOptions): Transport {
  const prepared = new Map<RpcMethod, WireMethod>();
  const prepare = (rpc: RpcMethod): WireMethod => {
    const method = prepared.get(rpc) ?? prepareMethod(options, rpc);
    prepared.set(rpc, method);
    return method;
  };
  const { interceptors } = options;
  return {
    // Async, both: interceptors may throw at once.
    async unary(rpc, signal, timeoutMs, headers, message, contextValues) {
      const method = prepare(rpc);
      const init = { ...plainCall, signal, timeoutMs, headers };
      if (interceptors.length === 0) return unaryResponse(openOnWire(method, init), message, rpc);
      const { req, ...call } = intercepted(method, init, contextValues);
      return runUnaryCall({
        ...call,
        req: { ...req, stream: false, method: rpc, message },
        next: (request) => unaryResponse(openIntercepted(method, request), request.message, rpc),
      });
    },
    async stream(rpc, signal, timeoutMs, headers, input, contextValues) {
      const method = prepare(rpc);
      const init = { ...plainCall, signal, timeoutMs, headers };
      if (interceptors.length === 0) return streamResponse(openOnWire(method, init), input, rpc);
      const { req, ...call } = intercepted(method, init, contextValues);
      return runStreamingCall({
        ...call,
        req: { ...req, stream: true, method: rpc, message: input },
        next: (request) => streamResponse(openIntercepted(method, request), request.message, rpc),
      });
    },
  };
}

/** What Connect runs interceptors with: the limits of the call, and its request as they see it. */
function intercepted(
  method: WireMethod,
  init: CallInit,
  contextValues: ContextValues = createContextValues(),
) {
  const request = requestOf(method, init);
  const { timeoutMs } = request;
  return {
    interceptors: method.options.interceptors,
    ...(init.signal && { signal: init.signal }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    req: {
      service: method.rpc.parent,
      requestMethod: "POST",
      url: method.url,
      header: allHeaders(request),
      contextValues,
    },
  };
}

/** Opens what interceptors have let through; their signal has the limits of the call. */
function openIntercepted(
  method: WireMethod,
  { header, signal }: { readonly header: Headers; readonly signal: AbortSignal },
): Call<unknown> {
  const request = { header, timeout: undefined, timeoutMs: undefined };
  return openOnWire(method, { ...plainCall, signal }, request);
}
