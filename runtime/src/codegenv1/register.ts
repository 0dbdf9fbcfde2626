// SPDX-License-Identifier: Apache-2.0
import type { DescService } from "@bufbuild/protobuf";
import type { ConnectRouter, ConnectRouterOptions } from "@connectrpc/connect";
import type { StreamServiceOptions } from "../api/options.js";
import { checkOptions, resolve, type Scope } from "../options/declare.js";
import type { StreamLimits } from "../options/limits.js";
import { DEFAULT_OVERRUN_MS } from "../options/overrun.js";
import { type StreamPolicy, streamPolicy } from "../options/policy.js";
import { serviceOptions } from "../options/service-options.js";
import { definedOnly } from "../options/settings.js";
import { prepare } from "../options/validation.js";
import { heartbeatOf } from "../protocol/heartbeat.js";
import { methodsOf } from "../protocol/method-kind.js";
import { printError } from "../server/client-error.js";
import { createConnectImpl } from "../server/connect-impl.js";
import { type NativeRpc, registerNativeRpc } from "../server/native-rpc.js";
import { runnerFor } from "../server/run-handler.js";
import { withMetadata } from "../server/with-metadata.js";
import { HandlerMethods } from "./handler-methods.js";
import { type RpcSpecs, specOf } from "./rpc-spec.js";

/**
 * Registers `handler` for the RPCs of `service`. `specs`: what the schema says of them beside. Throws
 * a `RangeError` for invalid options, and a `TypeError` for a handler that looks like a mistake.
 */
export function registerService(
  service: DescService,
  router: ConnectRouter,
  handler: object,
  options: StreamServiceOptions = {},
  specs: RpcSpecs<StreamPolicy> = {},
): ConnectRouter {
  const {
    onError = printError,
    observer,
    timeouts,
    limits,
    queues,
    validation,
    ...others
  } = options;
  const { overrunMs = DEFAULT_OVERRUN_MS, ...rest } = others;
  checkOptions(serviceOptions, options);
  const ours: StreamPolicy = { timeouts, limits, queues };
  const methods = new HandlerMethods(service, handler);
  checkOnce(service, router);
  for (const method of methodsOf(service)) {
    const { spec, member } = specOf(specs, method);
    const named = methods.take(method, member);
    prepare(validation, method, "request", spec.initialMetadata);
    const scope: Scope = { side: "server", methodKind: method.methodKind };
    const policy = resolve(streamPolicy, scope, spec.policy, ours);
    const rpc: NativeRpc = {
      method,
      handle: runnerFor(withMetadata(named, spec.initialMetadata, validation), method, onError),
      onError,
      overrunMs,
      observer,
      validation,
      heartbeat: heartbeatOf(method, spec.heartbeat),
      ...policy,
      options: connectOptions(rest, policy.limits),
    };
    const given = Object.keys(rpc.options).length > 0 ? rpc.options : undefined;
    router.rpc(method, createConnectImpl(rpc), given);
    const connectHandler = router.handlers.at(-1);
    if (connectHandler) registerNativeRpc(connectHandler, rpc);
  }
  methods.checkNames();
  return router;
}

/** Of two handlers of an RPC one would never be called. */
function checkOnce(service: DescService, { handlers }: ConnectRouter): void {
  if (!handlers.some((handler) => handler.service.typeName === service.typeName)) return;
  throw new TypeError(`${service.typeName} is registered twice on this router`);
}

/** The options of Connect. It takes their presence for a choice of protocols. */
function connectOptions(
  rest: ConnectRouterOptions,
  limits: StreamLimits | undefined,
): ConnectRouterOptions {
  const options = { ...definedOnly(rest) };
  if (limits?.readMaxBytes !== undefined) options.readMaxBytes = limits.readMaxBytes;
  if (limits?.writeMaxBytes !== undefined) options.writeMaxBytes = limits.writeMaxBytes;
  return options;
}
