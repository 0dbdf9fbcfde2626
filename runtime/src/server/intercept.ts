// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming } from "@bufbuild/protobuf";
import type { Interceptor, StreamRequest, StreamResponse } from "@connectrpc/connect";
import { messages } from "../call/iterate.js";
import { applyInterceptors } from "../protocol/interceptors.js";
import { plainContext } from "./context.js";
import { IterableCall } from "./iterable-call.js";
import type { NativeRpc } from "./native-rpc.js";
import type { RunHandler, ServerCall } from "./server-call.js";

/** Puts Connect's interceptors around a handler. They see its messages as async iterables. */
export function intercepted(
  { run, method, queues, onError }: NativeRpc,
  interceptors: readonly Interceptor[],
): RunHandler {
  return async (side) => {
    const { context } = side;
    let call: IterableCall | undefined;
    const handle = async (request: StreamRequest): Promise<StreamResponse> => {
      call = new IterableCall({
        run,
        input: request.message,
        method,
        queues,
        context: contextOf(side, request),
        onError,
        outer: side,
      });
      return {
        stream: true,
        service: method.parent,
        method,
        header: context.responseHeader,
        trailer: context.responseTrailer,
        message: call.output as StreamResponse["message"],
      };
    };
    try {
      const response = await applyInterceptors(handle, interceptors)(requestOf(side, method));
      copyHeaders(response.header, context.responseHeader);
      for await (const message of response.message) await side.send(message);
      copyHeaders(response.trailer, context.responseTrailer);
    } finally {
      // An interceptor may have answered without its handler, which nobody hears from now on.
      call?.abandon();
    }
  };
}

function requestOf(side: ServerCall, method: DescMethodStreaming): StreamRequest {
  const { context } = side;
  return {
    stream: true,
    service: method.parent,
    method,
    requestMethod: context.requestMethod,
    url: context.url,
    signal: context.signal,
    header: context.requestHeader,
    contextValues: context.values,
    message: messages(side) as StreamRequest["message"],
  };
}

/** The handler's context, with what interceptors put in the place of the request's. */
function contextOf({ context }: ServerCall, request: StreamRequest): ServerCall["context"] {
  return {
    ...plainContext(context),
    service: request.service,
    signal: request.signal,
    requestHeader: request.header,
    values: request.contextValues,
  };
}

function copyHeaders(from: Headers, to: Headers): void {
  if (from === to) return;
  for (const name of [...to.keys()]) to.delete(name);
  from.forEach((value, name) => {
    to.append(name, value);
  });
}
