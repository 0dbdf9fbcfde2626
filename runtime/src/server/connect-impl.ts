// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Handlers as Connect knows them: ours as those, and those on our engine. */
import type { DescMethod, DescMethodStreaming, DescMethodUnary } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type MethodImpl } from "@connectrpc/connect";
import { iterateMessages } from "../call/iterate.js";
import { IterableCarrier } from "./iterable-carrier.js";
import type { NativeRpc } from "./native-rpc.js";
import { ServerObservation } from "./observe.js";
import { createAdapterLayers } from "./pipeline.js";
import { onlyMessage } from "./run-handler.js";
import type { RunHandler } from "./server-call.js";

type Messages = AsyncIterable<object>;

/** An RPC as Connect's adapters serve it: one message, or an async iterable of them, in and out. */
export function createConnectImpl<M extends DescMethodUnary | DescMethodStreaming>(
  rpc: NativeRpc & { readonly method: M },
): MethodImpl<M> {
  const { method, onError, observer } = rpc;
  const layers = createAdapterLayers(rpc);
  const call = (input: Messages, context: HandlerContext): Messages => {
    const observe = (observed: HandlerContext) => ServerObservation.open(observer, observed);
    const carrier = new IterableCarrier({ method, layers, input, context, onError, observe });
    carrier.start();
    return carrier.output;
  };
  const impls = {
    unary: (request: object, context: HandlerContext) => onlyResponse(call(once(request), context)),
    server_streaming: (request: object, context: HandlerContext) => call(once(request), context),
    client_streaming: (input: Messages, context: HandlerContext) =>
      onlyResponse(call(input, context)),
    bidi_streaming: call,
  };
  return impls[method.methodKind] as MethodImpl<M>;
}

async function* once(request: object): Messages {
  yield request;
}

/** To the end, and not only to the message: a handler may yet fail. */
async function onlyResponse(output: Messages): Promise<object> {
  let response: object | undefined;
  for await (const message of output) response = message;
  if (response) return response;
  throw new ConnectError("no response", Code.Internal);
}

/** A handler of an ordinary Connect service, by its kind. */
interface ConnectImpls {
  unary(request: object, context: HandlerContext): Promise<object> | object;
  server_streaming(request: object, context: HandlerContext): Messages;
  client_streaming(requests: Messages, context: HandlerContext): Promise<object>;
  bidi_streaming(requests: Messages, context: HandlerContext): Messages;
}

type ImplRunners = {
  [K in keyof ConnectImpls]: (impl: ConnectImpls[K], rpc: DescMethod) => RunHandler;
};

const implRunners: ImplRunners = {
  unary: (impl, rpc) => async (call) => {
    const request = await onlyMessage(call, rpc);
    await call.send(await impl(request, call.context));
  },
  server_streaming: (impl, rpc) => async (call) => {
    const request = await onlyMessage(call, rpc);
    for await (const message of impl(request, call.context)) await call.send(message);
  },
  client_streaming: (impl) => async (call) => {
    await call.send(await impl(iterateMessages(call), call.context));
  },
  bidi_streaming: (impl) => async (call) => {
    for await (const message of impl(iterateMessages(call), call.context)) await call.send(message);
  },
};

/** Runs a handler of an ordinary Connect service on a call of ours. */
export function runConnectImpl(method: DescMethod, impl: unknown): RunHandler {
  const create = implRunners[method.methodKind] as (impl: unknown, rpc: DescMethod) => RunHandler;
  const run = create(impl, method);
  return async (call) => {
    try {
      await run(call);
    } catch (thrown) {
      // With Connect, what is no `ConnectError` is `internal`, and nobody else hears of it.
      throw thrown instanceof ConnectError
        ? thrown
        : new ConnectError("internal error", Code.Internal, undefined, undefined, thrown);
    } finally {
      // As with Connect, whose handlers free what they hold when their signal aborts.
      call.context.abort(new ConnectError("the call has ended", Code.Canceled));
    }
  };
}
