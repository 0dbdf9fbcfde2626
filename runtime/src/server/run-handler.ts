// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { StreamKind } from "../protocol/method-kind.js";
import type { RunHandler, ServerSide } from "./side.js";
import { BidiStreaming, ClientStreaming, ServerStreaming } from "./streams.js";

/** A handler's method, bound to its object. */
export type HandlerMethod = (...args: unknown[]) => Promise<unknown>;

/** How a handler of each kind is called. */
const runners: Record<StreamKind, (handler: HandlerMethod, rpc: DescMethod) => RunHandler> = {
  server_streaming: (handler, rpc) => async (side) => {
    const request = await onlyMessage(side, rpc);
    await handler(request, new ServerStreaming(side));
  },
  client_streaming: (handler, rpc) => async (side) => {
    const stream = new ClientStreaming(side);
    await handler(stream);
    if (stream.answered) return;
    throw new ConnectError(
      `the handler of ${rpc.parent.typeName}.${rpc.name} returned without sendAndClose`,
      Code.Internal,
    );
  },
  bidi_streaming: (handler) => async (side) => {
    await handler(new BidiStreaming(side));
  },
};

/** Makes a handler's method callable on any call of its RPC. */
export function runnerFor(kind: StreamKind, handler: HandlerMethod, rpc: DescMethod): RunHandler {
  return runners[kind](handler, rpc);
}

async function onlyMessage(side: ServerSide, rpc: DescMethod): Promise<object> {
  const request = await side.recv();
  const second = request && (await side.recv());
  if (request && !second) return request;
  const fault = request ? "received extra input message" : "missing input message";
  throw new ConnectError(`protocol error: ${fault} for ${rpc.name}`, Code.Unimplemented);
}
