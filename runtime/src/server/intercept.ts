// SPDX-License-Identifier: Apache-2.0
import type {
  DescMessage,
  DescMethod,
  DescMethodStreaming,
  DescMethodUnary,
  MessageShape,
} from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type Interceptor,
  type StreamRequest,
  type StreamResponse,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import { iterateMessages } from "../call/iterate.js";
import { toMessage } from "../protocol/to-message.js";
import { type ContextChanges, DerivedContext } from "./context.js";
import { IterableCarrier } from "./iterable-carrier.js";
import { MessageCall } from "./message-call.js";
import type { NativeRpc } from "./native-rpc.js";
import type { CallLayers } from "./pipeline.js";
import { onlyMessage } from "./run-handler.js";
import type { RunHandler, ServerCall } from "./server-call.js";

/** Puts Connect's interceptors around a handler. They see its messages as Connect has them. */
export function interceptHandler(
  rpc: NativeRpc,
  layers: CallLayers,
  interceptors: readonly Interceptor[],
): RunHandler {
  const { method } = rpc;
  return method.methodKind === "unary"
    ? (call) => interceptUnary(call, method, layers, interceptors)
    : (call) => interceptStream(call, method, rpc, layers, interceptors);
}

async function interceptUnary(
  call: ServerCall,
  method: DescMethodUnary,
  layers: CallLayers,
  interceptors: readonly Interceptor[],
): Promise<void> {
  let handled: UnaryResponse | undefined;
  const handle = async (request: UnaryRequest): Promise<UnaryResponse> => {
    const context = new DerivedContext(call.context, changesIn(request), false);
    const message = await new MessageCall(call, layers, context, request.message).run();
    if (!message) throw new ConnectError("no response", Code.Internal);
    const answer = withResponseHead(call, {
      stream: false,
      method,
      message: toMessage(method.output, message),
    });
    handled = answer;
    return answer;
  };
  const message = (await onlyMessage(call, method)) as MessageShape<DescMessage>;
  const request: UnaryRequest = withHead(call, { stream: false, method, message });
  const run = applyInterceptors(handle, interceptors) as UnaryFn;
  const response = await run(request);
  if (response !== handled) copyHeaders(response.header, call.context.responseHeader);
  if (response !== handled) copyHeaders(response.trailer, call.context.responseTrailer);
  await call.send(response.message);
}

async function interceptStream(
  call: ServerCall,
  method: DescMethodStreaming,
  { onError }: NativeRpc,
  layers: CallLayers,
  interceptors: readonly Interceptor[],
): Promise<void> {
  const { context } = call;
  let inner: IterableCarrier | undefined;
  let handled: StreamResponse | undefined;
  const handle = async (request: StreamRequest): Promise<StreamResponse> => {
    const changes = changesIn(request);
    const input = request.message;
    inner = new IterableCarrier({ method, layers, input, context, changes, onError, outer: call });
    inner.start();
    const message = inner.output as StreamResponse["message"];
    const answer = withResponseHead(call, { stream: true, method, message });
    handled = answer;
    return answer;
  };
  const input = iterateMessages(call) as StreamRequest["message"];
  const request: StreamRequest = withHead(call, { stream: true, method, message: input });
  try {
    const run = applyInterceptors(handle, interceptors) as StreamFn;
    const response = await run(request);
    if (response !== handled) copyHeaders(response.header, context.responseHeader);
    for await (const message of response.message) await call.send(message);
    if (response !== handled) copyHeaders(response.trailer, context.responseTrailer);
  } finally {
    // An interceptor may have answered without its handler, which nobody hears from now on.
    inner?.abandon();
  }
}

type AnyFn = ReturnType<Interceptor>;
type UnaryFn = (request: UnaryRequest) => Promise<UnaryResponse>;
type StreamFn = (request: StreamRequest) => Promise<StreamResponse>;

/** Wraps a call with interceptors; the first is the outermost. */
function applyInterceptors(call: UnaryFn | StreamFn, interceptors: readonly Interceptor[]): AnyFn {
  // They answer a unary request with a unary response, and a stream with a stream; their type covers
  // both.
  return interceptors.reduceRight((next, interceptor) => interceptor(next), call as AnyFn);
}

/**
 * A request as interceptors see it. What they do not look at is never made; those who spread it find
 * what they expect.
 */
function withHead<const R extends { readonly method: DescMethod }>(
  { context }: ServerCall,
  rest: R,
): R & Omit<UnaryRequest, "stream" | "method" | "message"> {
  return {
    ...rest,
    service: context.service,
    requestMethod: context.requestMethod,
    get url() {
      return context.url;
    },
    get signal() {
      return context.signal;
    },
    get header() {
      return context.requestHeader;
    },
    get contextValues() {
      return context.values;
    },
  };
}

/** The same for a response. */
function withResponseHead<const R extends { readonly method: DescMethod }>(
  { context }: ServerCall,
  rest: R,
): R & Pick<UnaryResponse, "service" | "header" | "trailer"> {
  return {
    ...rest,
    service: context.service,
    get header() {
      return context.responseHeader;
    },
    get trailer() {
      return context.responseTrailer;
    },
  };
}

/** What interceptors put in the place of the request's. */
function changesIn(request: UnaryRequest | StreamRequest): ContextChanges {
  return {
    get requestHeader() {
      return request.header;
    },
    get values() {
      return request.contextValues;
    },
    get signal() {
      return request.signal;
    },
  };
}

function copyHeaders(from: Headers, to: Headers): void {
  if (from === to) return;
  for (const name of [...to.keys()]) to.delete(name);
  from.forEach((value, name) => {
    to.append(name, value);
  });
}
