// SPDX-License-Identifier: Apache-2.0
import type { DescMessage, DescMethodStreaming, DescMethodUnary } from "@bufbuild/protobuf";
import { createConnectRouter } from "@connectrpc/connect";
import type { StreamServiceOptions } from "../api/options.js";
import { registerService } from "../codegenv1/register.js";
import { DEFAULT_READ_MAX_BYTES } from "../options/message-size.js";
import { definedOnly } from "../options/settings.js";
import { findNativeRpc } from "../server/native-rpc.js";
import { createServedRpc, type ServedRpc } from "../server/pipeline.js";
import type { HandlerMethod } from "../server/run-handler.js";

/**
 * What a server does with one RPC, for whichever kind: it is registered as generated code does it.
 * `result` of a test call has the errors.
 */
export function serveOne(
  method: DescMethodUnary | DescMethodStreaming,
  handler: HandlerMethod,
  service: StreamServiceOptions = {},
  metadata?: DescMessage,
): ServedRpc {
  const router = createConnectRouter();
  const one = { ...method.parent, methods: [method] };
  // A member of our own: the RPC may have a name that generated code has to change.
  const spec = { member: "handler", ...(metadata && { initialMetadata: metadata }) };
  const specs = Object.fromEntries([[method.localName, spec]]);
  const options = { onError: () => undefined, ...definedOnly(service) };
  registerService(one, router, { handler }, options, specs);
  const [registered] = router.handlers;
  const rpc = registered && findNativeRpc(registered);
  if (!rpc) throw new Error(`${method} was not registered`);
  return createServedRpc(rpc, { readMaxBytes: DEFAULT_READ_MAX_BYTES });
}

/** The method as a client's call has it: unary RPCs have one response, as uploads have. */
export function asStream(method: DescMethodUnary | DescMethodStreaming): DescMethodStreaming {
  return method.methodKind === "unary" ? { ...method, methodKind: "client_streaming" } : method;
}
