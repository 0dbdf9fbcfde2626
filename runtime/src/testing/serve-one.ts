// SPDX-License-Identifier: Apache-2.0
import type {
  DescMessage,
  DescMethodStreaming,
  DescMethodUnary,
  MessageShape,
} from "@bufbuild/protobuf";
import { createConnectRouter } from "@connectrpc/connect";
import { registerService } from "../codegenv1/register.js";
import type { StreamServiceOptions } from "../options.js";
import { DEFAULT_READ_MAX_BYTES } from "../protocol/limits.js";
import { resolveRpc, type ServedRpc } from "../server/options.js";
import type { HandlerMethod } from "../server/run-handler.js";
import { findStreamRpc } from "../server/stream-rpc.js";
import { unaryImpl } from "../server/unary-impl.js";
import type { ServerStreamingServer } from "../server-streams.js";
import { definedOnly } from "../settings.js";

/** What a server does with one RPC, for whichever kind. `result` of a test call has the errors. */
export function serveOne(
  method: DescMethodUnary | DescMethodStreaming,
  handler: HandlerMethod,
  service: StreamServiceOptions = {},
  metadata?: DescMessage,
): ServedRpc {
  const options = { onError: () => undefined, ...definedOnly(service) };
  if (method.methodKind !== "unary") return register(method, handler, options, metadata);
  const { onError, limits = {}, validation } = options;
  const forUnary = { onError, limits, ...(validation && { validation }) };
  return register(asDownload(method), answering(handler, onError), forUnary);
}

/** Registers the RPC as generated code does. */
function register(
  method: DescMethodStreaming,
  handler: HandlerMethod,
  options: StreamServiceOptions,
  initialMetadata?: DescMessage,
): ServedRpc {
  const router = createConnectRouter();
  const service = { ...method.parent, methods: [method] };
  // A member of our own: the RPC may have a name that generated code has to change.
  const spec = { member: "handler", ...(initialMetadata && { initialMetadata }) };
  const specs = Object.fromEntries([[method.localName, spec]]);
  registerService(service, router, { handler }, options, specs);
  const [registered] = router.handlers;
  const rpc = registered && findStreamRpc(registered);
  if (!rpc) throw new Error(`${method} is no RPC that streams`);
  return resolveRpc(rpc, { readMaxBytes: DEFAULT_READ_MAX_BYTES });
}

/** A unary RPC as what it is in gRPC: a stream of one message each way. */
function asDownload(method: DescMethodUnary): DescMethodStreaming {
  return { ...method, methodKind: "server_streaming" };
}

function answering(
  handler: HandlerMethod,
  onError: NonNullable<StreamServiceOptions["onError"]>,
): HandlerMethod {
  const answer = unaryImpl(handler, onError);
  return async (request, stream) => {
    const download = stream as ServerStreamingServer<DescMessage>;
    await download.send(await answer(request as MessageShape<DescMessage>, download.context));
  };
}

/** The method as a client's call has it: unary RPCs have one response, as uploads have. */
export function asStream(method: DescMethodUnary | DescMethodStreaming): DescMethodStreaming {
  return method.methodKind === "unary" ? { ...method, methodKind: "client_streaming" } : method;
}
