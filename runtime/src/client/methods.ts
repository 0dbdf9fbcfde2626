// SPDX-License-Identifier: Apache-2.0
import { ConnectError } from "@connectrpc/connect";
import type { StreamCallOptions } from "../api/options.js";
import { keepShape } from "../shapes.js";
import type { ClientCall } from "./client-call.js";
import type { StartRpc } from "./pipeline.js";
import { BidiStreaming, ClientStreaming, ServerStreaming } from "./streams.js";
import { singleResponse } from "./unary.js";

type Options = StreamCallOptions | undefined;

/** A client's method that takes the one request, or that opens a stream of them. */
type RequestMethod = (request: object, options?: StreamCallOptions) => object;
type StreamMethod = (options?: StreamCallOptions) => object;

/** A client's method for an RPC of each kind, made of how its calls are opened. */
export const clientMethods: {
  readonly unary: (start: StartRpc) => RequestMethod;
  readonly server_streaming: (start: StartRpc) => RequestMethod;
  readonly client_streaming: (start: StartRpc) => StreamMethod;
  readonly bidi_streaming: (start: StartRpc) => StreamMethod;
} = {
  unary: (start) => (request, options) => callUnary(start, request, options),
  server_streaming: (start) => (request, options) =>
    keepShape(new ServerStreaming(start(options, request))),
  client_streaming: (start) => (options) => openUpload(start(options)),
  bidi_streaming: (start) => (options) => keepShape(new BidiStreaming(start(options))),
};

/** The caller's stream will have the response, which is not to be kept. */
function openUpload(call: ClientCall): ClientStreaming {
  keepShape(new ClientStreaming(call));
  return new ClientStreaming(call);
}

async function callUnary(start: StartRpc, request: object, options: Options): Promise<object> {
  const call = keepShape(start(options, request));
  const response = await singleResponse(call);
  if (!options?.onHeader && !options?.onTrailer) return response;
  const { onHeader, onTrailer } = options;
  try {
    await Promise.all([
      onHeader && call.header.then(onHeader),
      onTrailer && call.trailer.then(onTrailer),
    ]);
  } catch (thrown) {
    throw ConnectError.from(thrown);
  }
  return response;
}
