// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { StreamKind } from "../protocol/method-kind.js";
import { type OnError, report } from "./client-error.js";
import type { RunHandler, ServerCall } from "./server-call.js";
import { BidiStreaming, ClientStreaming, ServerStreaming } from "./streams.js";

/** A handler's method, bound to its object. */
export type HandlerMethod = (...args: unknown[]) => Promise<unknown>;

/** Ends a call of a handler that has done something wrong, as `text` says. */
type Mistake = (side: ServerCall, text: string) => ConnectError;

type Runner = (handler: HandlerMethod, mistake: Mistake, rpc: DescMethod) => RunHandler;

/** How a handler of each kind is called. */
const runners: Record<StreamKind, Runner> = {
  server_streaming: (handler, mistake, rpc) => async (side) => {
    const request = await onlyMessage(side, rpc);
    const returned = await handler(request, new ServerStreaming(side));
    if (isIterable(returned)) throw mistake(side, UNREAD);
  },
  client_streaming: (handler, mistake) => async (side) => {
    const stream = new ClientStreaming(side, () => mistake(side, "called sendAndClose twice"));
    if (isIterable(await handler(stream))) throw mistake(side, `${UNREAD}AndClose`);
    if (!stream.answered) throw mistake(side, "returned without sendAndClose");
  },
  bidi_streaming: (handler, mistake) => async (side) => {
    const returned = await handler(new BidiStreaming(side));
    if (isIterable(returned)) throw mistake(side, UNREAD);
  },
};

/**
 * Makes a handler's method callable on any call of its RPC. `onError` is told of what the handler
 * does wrong without throwing, and so is the client.
 */
export function runnerFor(
  kind: StreamKind,
  handler: HandlerMethod,
  rpc: DescMethod,
  onError: OnError,
): RunHandler {
  const mistake: Mistake = (side, text) => {
    const error = new ConnectError(
      `the handler of ${rpc.parent.typeName}.${rpc.name} ${text}`,
      Code.Internal,
    );
    // One that gave up because its call was aborted has done nothing wrong.
    if (!side.context.signal.aborted) report(error, side.context, onError);
    return error;
  };
  return runners[kind](handler, mistake, rpc);
}

const UNREAD = "returned an iterable, as generators do, which nobody reads: use stream.send";

/**
 * Whether a handler returned messages to take, as those of Connect-ES do. A generator has not even
 * begun then. Lists are left alone: `Promise.all` gives them.
 */
function isIterable(returned: unknown): boolean {
  if (typeof returned !== "object" || returned === null) return false;
  return Symbol.asyncIterator in returned || (Symbol.iterator in returned && "throw" in returned);
}

async function onlyMessage(side: ServerCall, rpc: DescMethod): Promise<object> {
  const request = await side.recv();
  const second = request && (await side.recv());
  if (request && !second) return request;
  const fault = request ? "received extra input message" : "missing input message";
  throw new ConnectError(`protocol error: ${fault} for ${rpc.name}`, Code.Unimplemented);
}
