// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming, DescMethodUnary, DescService } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  type ConnectRouterOptions,
} from "@connectrpc/connect";
import type { StreamServiceOptions } from "../options.js";
import { methodsOf } from "../protocol/method-kind.js";
import { type OnError, printError } from "../server/failure.js";
import { iterableImpl } from "../server/iterable-impl.js";
import { limited } from "../server/limited.js";
import { type HandlerMethod, runnerFor } from "../server/run-handler.js";
import { noteStreamRpc } from "../server/stream-rpc.js";
import { watched, withRecvTimeout } from "../server/timed.js";
import { unaryImpl } from "../server/unary-impl.js";
import { resolveLimits, type StreamLimits } from "../stream-limits.js";
import { resolveTimeouts, type StreamTimeouts } from "../timeouts.js";

/**
 * Registers `handler` for the RPCs of `service`. `members` names the handler's method for an RPC
 * whose own local name cannot be used: local name → member name.
 */
export function registerService(
  service: DescService,
  router: ConnectRouter,
  handler: object,
  options: StreamServiceOptions = {},
  members: Readonly<Record<string, string>> = {},
): ConnectRouter {
  const { onError = printError, timeouts, limits: asked, ...rest } = options;
  const limits = resolveLimits(undefined, asked);
  const policy = { onError, timeouts: resolveTimeouts(undefined, timeouts), limits };
  if (limits?.readMaxBytes !== undefined) rest.readMaxBytes = limits.readMaxBytes;
  if (limits?.writeMaxBytes !== undefined) rest.writeMaxBytes = limits.writeMaxBytes;
  // Connect takes the presence of options for a choice of protocols.
  const connectOptions = Object.keys(rest).length > 0 ? rest : undefined;
  for (const method of methodsOf(service)) {
    const member = Object.hasOwn(members, method.localName)
      ? members[method.localName]
      : method.localName;
    const call = methodOf(handler, member ?? method.localName) ?? unimplemented(method);
    if (method.methodKind === "unary") registerUnary(router, method, call, onError, connectOptions);
    else registerStream(router, method, call, policy, connectOptions);
  }
  return router;
}

function registerUnary(
  router: ConnectRouter,
  method: DescMethodUnary,
  call: HandlerMethod,
  onError: OnError,
  options: ConnectRouterOptions | undefined,
): void {
  router.rpc(method, unaryImpl(call, onError), options);
}

/** What our own options say of streams. */
interface StreamPolicy {
  readonly onError: OnError;
  readonly timeouts: StreamTimeouts | undefined;
  readonly limits: StreamLimits | undefined;
}

function registerStream(
  router: ConnectRouter,
  method: DescMethodStreaming,
  call: HandlerMethod,
  policy: StreamPolicy,
  options: ConnectRouterOptions | undefined,
): void {
  const { timeouts, onError } = policy;
  const handle = runnerFor(method.methodKind, call, method);
  const run = method.methodKind === "server_streaming" ? handle : withRecvTimeout(handle, timeouts);
  const stock = watched(limited(run, method, policy.limits), timeouts);
  router.rpc(method, iterableImpl(method, stock, onError), options);
  const handler = router.handlers.at(-1);
  if (handler) noteStreamRpc(handler, { ...policy, method, run, options: options ?? {} });
}

/** The handler's method of that name, bound; what every object inherits does not count. */
function methodOf(handler: object, name: string): HandlerMethod | undefined {
  const method: unknown = Reflect.get(handler, name);
  if (typeof method !== "function" || method === Reflect.get(Object.prototype, name)) return;
  return (...args) => Reflect.apply(method, handler, args);
}

function unimplemented(method: { name: string; parent: DescService }): HandlerMethod {
  return () => {
    throw new ConnectError(
      `${method.parent.typeName}.${method.name} is not implemented`,
      Code.Unimplemented,
    );
  };
}
