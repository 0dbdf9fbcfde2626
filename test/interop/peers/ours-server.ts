// SPDX-License-Identifier: Apache-2.0
import type { HandlerContext } from "@connectrpc/connect";
import type { ServerStream } from "connect-stream";
import { type ServeOptions, serve } from "connect-stream/node";
import { awaitEvent, behave, emptyCall, once, only, type ServerCall } from "../behave.js";
import type { TestRequest } from "../gen/interop/v1/interop_pb.js";
import { registerObserverService, registerTestService } from "../gen/interop/v1/interop_stream.js";
import { fromHeaders } from "../metadata.js";
import type { PeerServer } from "../peer.js";
import { connectCode, connectError } from "./connect-errors.js";

/** The server, with options of the tests. */
export async function startOurs(options: Partial<ServeOptions> = {}): Promise<PeerServer> {
  const server = await serve({
    // The cases have both sides compress.
    compressMinBytes: 1024,
    ...options,
    routes(router) {
      registerObserverService(router, { await: awaitEvent });
      registerTestService(router, {
        emptyCall,
        unaryCall: (request, context) => only(behave(serverCall(once(request), context, true))),
        async streamingOutputCall(request, stream) {
          const call = streamCall(once(request), stream, false);
          for await (const response of behave(call)) await stream.send(response);
        },
        async streamingInputCall(stream) {
          await stream.sendAndClose(await only(behave(streamCall(stream, stream, true))));
        },
        async fullDuplexCall(stream) {
          const call = streamCall(stream, stream, false);
          for await (const response of behave(call)) await stream.send(response);
        },
      });
    },
  });
  return { url: server.url, close: () => server.close({ graceMs: 0 }) };
}

function streamCall(
  requests: AsyncIterable<TestRequest>,
  stream: ServerStream,
  summary: boolean,
): ServerCall {
  const call = serverCall(requests, stream.context, summary);
  return { ...call, sendHeader: () => stream.sendHeaders() };
}

/** A call of any Connect server. */
export function serverCall(
  requests: AsyncIterable<TestRequest>,
  context: HandlerContext,
  summary: boolean,
): ServerCall {
  return {
    header: fromHeaders(context.requestHeader),
    requests,
    signal: context.signal,
    summary,
    setHeader: (name, value) => context.responseHeader.append(name, value),
    setTrailer: (name, value) => context.responseTrailer.append(name, value),
    error: connectError,
    codeOf: connectCode,
  };
}
