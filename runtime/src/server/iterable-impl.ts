// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type MethodImpl } from "@connectrpc/connect";
import type { StreamObserver } from "../api/observer.js";
import type { CallQueues } from "../protocol/call-queues.js";
import type { OnError } from "./client-error.js";
import { IterableCall } from "./iterable-call.js";
import { ServerWatch } from "./observe.js";
import type { RunHandler } from "./server-call.js";

/**
 * A handler as Connect knows them, so that any Connect adapter can serve it: async iterables in
 * and out.
 */
export function iterableImpl<M extends DescMethodStreaming>(
  method: M,
  run: RunHandler,
  onError: OnError,
  queues: CallQueues,
  observer: StreamObserver | undefined,
): MethodImpl<M> {
  const call = (input: AsyncIterable<object>, context: HandlerContext) =>
    new IterableCall({
      run,
      input,
      method,
      queues,
      context,
      onError,
      outer: undefined,
      watch: ServerWatch.open(observer, context),
    }).output;
  const impls = {
    server_streaming: (request: object, context: HandlerContext) => call(once(request), context),
    client_streaming: (input: AsyncIterable<object>, context: HandlerContext) =>
      onlyMessage(call(input, context)),
    bidi_streaming: call,
  };
  return impls[method.methodKind] as MethodImpl<M>;
}

async function* once(request: object): AsyncIterable<object> {
  yield request;
}

/** To the end, and not only to the message: a handler may yet fail. */
async function onlyMessage(output: AsyncIterable<object>): Promise<object> {
  let answer: object | undefined;
  for await (const message of output) answer = message;
  if (answer) return answer;
  throw new ConnectError("no response", Code.Internal);
}
