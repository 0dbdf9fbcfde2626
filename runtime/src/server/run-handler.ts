// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { keepShape } from "../shapes.js";
import { type OnError, report } from "./client-error.js";
import type { RunHandler, ServerCall } from "./server-call.js";
import { BidiStreaming, ClientStreaming, ServerStreaming } from "./streams.js";

/** A handler's method, bound to its object. */
export type HandlerMethod = (...args: unknown[]) => unknown;

/** Ends a call of a handler that has done something wrong, as `text` says. */
type Mistake = (call: ServerCall, text: string) => ConnectError;

type Runner = (handler: HandlerMethod, mistake: Mistake, rpc: DescMethod) => RunHandler;

/** How a handler of each kind is called. */
const runners: Record<DescMethod["methodKind"], Runner> = {
  unary: (handler, mistake, rpc) => async (call) => {
    const request = await onlyMessage(keepShape(call), rpc);
    const response = await handler(request, call.context);
    if (typeof response !== "object" || response === null) {
      throw mistake(call, `returned ${String(response)} instead of a message`);
    }
    await call.send(response);
  },
  server_streaming: (handler, mistake, rpc) => async (call) => {
    const request = await onlyMessage(call, rpc);
    const returned = await handler(request, keepShape(new ServerStreaming(call)));
    if (isIterable(returned)) throw mistake(call, UNREAD);
  },
  client_streaming: (handler, mistake) => (call) => {
    const stream = new ClientStreaming(call, () => mistake(call, "called sendAndClose twice"));
    return start(handler, keepShape(stream)).then((returned) => {
      if (isIterable(returned)) throw mistake(call, `${UNREAD}AndClose`);
      if (!stream.answered) throw mistake(call, "returned without sendAndClose");
    });
  },
  bidi_streaming: (handler, mistake) => (call) =>
    start(handler, keepShape(new BidiStreaming(call))).then((returned) => {
      if (isIterable(returned)) throw mistake(call, UNREAD);
    }),
};

/** What a handler returns or throws. An async function in its place would keep twice as much for each call. */
function start(handler: HandlerMethod, stream: object): Promise<unknown> {
  try {
    return Promise.resolve(handler(stream));
  } catch (thrown) {
    return Promise.reject(thrown);
  }
}

/**
 * Makes a handler's method callable on any call of its RPC. `onError` is told of what the handler
 * does wrong without throwing, and so is the client.
 */
export function runnerFor(handler: HandlerMethod, rpc: DescMethod, onError: OnError): RunHandler {
  const mistake: Mistake = (call, text) => {
    const error = new ConnectError(
      `the handler of ${rpc.parent.typeName}.${rpc.name} ${text}`,
      Code.Internal,
    );
    // One that gave up because its call was aborted has done nothing wrong.
    if (!call.context.signal.aborted) report(error, call.context, onError);
    return error;
  };
  return runners[rpc.methodKind](handler, mistake, rpc);
}

const UNREAD = "returned an iterable, as a generator does: to respond, call stream.send";

/**
 * Whether a handler returned messages to take, as those of Connect-ES do. A generator has not even
 * begun then. Lists are left alone: `Promise.all` gives them.
 */
function isIterable(returned: unknown): boolean {
  if (typeof returned !== "object" || returned === null) return false;
  return Symbol.asyncIterator in returned || (Symbol.iterator in returned && "throw" in returned);
}

/** The one request of an RPC that has one. */
export async function onlyMessage(call: ServerCall, rpc: DescMethod): Promise<object> {
  const request = await call.recv();
  const second = request && (await call.recv());
  if (request && !second) return request;
  const fault = request ? "received extra input message" : "missing input message";
  throw new ConnectError(`protocol error: ${fault} for ${rpc.name}`, Code.Unimplemented);
}
