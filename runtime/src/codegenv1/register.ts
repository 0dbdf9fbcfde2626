// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming, DescMethodUnary, DescService } from "@bufbuild/protobuf";
import type { ConnectRouter, ConnectRouterOptions } from "@connectrpc/connect";
import { checkObserver } from "../observe/check.js";
import type { StreamObserver } from "../observer.js";
import type { StreamServiceOptions } from "../options.js";
import { serverQueues } from "../protocol/call-queues.js";
import { checkConnectOptions } from "../protocol/connect-options.js";
import { type Heartbeat, heartbeatOf } from "../protocol/heartbeat.js";
import { methodsOf } from "../protocol/method-kind.js";
import { resolveQueues, type StreamQueues } from "../queues.js";
import { beating } from "../server/beating.js";
import { type OnError, printError } from "../server/failure.js";
import { iterableImpl } from "../server/iterable-impl.js";
import { limited } from "../server/limited.js";
import { type HandlerMethod, runnerFor } from "../server/run-handler.js";
import { noteStreamRpc } from "../server/stream-rpc.js";
import { watched, withRecvTimeout } from "../server/timed.js";
import { unaryImpl } from "../server/unary-impl.js";
import { validated, validatedUnary } from "../server/validated.js";
import { watchedUnary } from "../server/watched-unary.js";
import { withMetadata } from "../server/with-metadata.js";
import { checkFunction, definedOnly } from "../settings.js";
import { resolveLimits, type StreamLimits } from "../stream-limits.js";
import { resolveTimeouts, type StreamTimeouts } from "../timeouts.js";
import { prepare, type StreamValidation } from "../validation.js";
import { HandlerMethods } from "./handler-methods.js";
import { type RpcSpecs, type ServerPolicy, specOf } from "./rpc-spec.js";

/**
 * Registers `handler` for the RPCs of `service`. `specs`: what the schema says of them beside. Throws
 * a `RangeError` for options that cannot be, and a `TypeError` for a handler that cannot be meant.
 */
export function registerService(
  service: DescService,
  router: ConnectRouter,
  handler: object,
  options: StreamServiceOptions = {},
  specs: RpcSpecs<ServerPolicy> = {},
): ConnectRouter {
  const { onError = printError, observer, timeouts, limits, queues, validation, ...rest } = options;
  checkFunction("onError", onError);
  checkObserver("observer", observer);
  checkConnectOptions(rest);
  const ours = {
    timeouts: resolveTimeouts(undefined, timeouts),
    limits: resolveLimits(undefined, limits),
    queues: resolveQueues(undefined, queues),
  };
  const methods = new HandlerMethods(service, handler);
  for (const method of methodsOf(service)) {
    const { spec, member } = specOf(specs, method);
    const named = methods.take(method, member);
    const call = withMetadata(named, spec.initialMetadata, validation);
    const heartbeat = heartbeatOf(method, spec.heartbeat);
    prepare(validation, method, "request", spec.initialMetadata);
    const policy = {
      onError,
      observer,
      heartbeat,
      validation,
      ...joinPolicies(spec.policy, ours),
    };
    const theirs = connectOptions(rest, policy.limits);
    if (method.methodKind === "unary") registerUnary(router, method, call, policy, theirs);
    else registerStream(router, method, call, policy, theirs);
  }
  methods.checkNames();
  return router;
}

/** What the code says goes before what the schema says. */
function joinPolicies(schema: ServerPolicy | undefined, code: ResolvedPolicy): ResolvedPolicy {
  return {
    timeouts: resolveTimeouts(schema?.timeouts, code.timeouts),
    limits: resolveLimits(schema?.limits, code.limits),
    queues: resolveQueues(schema?.queues, code.queues),
  };
}

/** The options of Connect. It takes their presence for a choice of protocols. */
function connectOptions(
  rest: ConnectRouterOptions,
  limits: StreamLimits | undefined,
): ConnectRouterOptions | undefined {
  const options = { ...definedOnly(rest) };
  if (limits?.readMaxBytes !== undefined) options.readMaxBytes = limits.readMaxBytes;
  if (limits?.writeMaxBytes !== undefined) options.writeMaxBytes = limits.writeMaxBytes;
  return Object.keys(options).length > 0 ? options : undefined;
}

function registerUnary(
  router: ConnectRouter,
  method: DescMethodUnary,
  call: HandlerMethod,
  { onError, observer, validation }: RpcPolicy,
  options: ConnectRouterOptions | undefined,
): void {
  const checked = validatedUnary(call, method, validation, onError);
  router.rpc(method, watchedUnary(unaryImpl(checked, onError), observer), options);
}

/** What schema and options together say of an RPC. */
interface ResolvedPolicy {
  readonly timeouts: StreamTimeouts | undefined;
  readonly limits: StreamLimits | undefined;
  readonly queues: StreamQueues | undefined;
}

interface RpcPolicy extends ResolvedPolicy {
  readonly onError: OnError;
  readonly observer: StreamObserver | undefined;
  readonly heartbeat: Heartbeat | undefined;
  readonly validation: StreamValidation | undefined;
}

function registerStream(
  router: ConnectRouter,
  method: DescMethodStreaming,
  call: HandlerMethod,
  policy: RpcPolicy,
  options: ConnectRouterOptions | undefined,
): void {
  const { timeouts, onError, observer, validation } = policy;
  const queues = serverQueues(policy.queues, method.methodKind);
  const bare = runnerFor(method.methodKind, call, method, onError);
  const handle = validated(bare, method, validation, onError);
  const run = method.methodKind === "server_streaming" ? handle : withRecvTimeout(handle, timeouts);
  // Outermost are the limits of size: heartbeats travel, and count.
  const stock = limited(beating(watched(run, timeouts), policy.heartbeat), method, policy.limits);
  router.rpc(method, iterableImpl(method, stock, onError, queues, observer), options);
  const handler = router.handlers.at(-1);
  if (handler) noteStreamRpc(handler, { ...policy, method, run, queues, options: options ?? {} });
}
