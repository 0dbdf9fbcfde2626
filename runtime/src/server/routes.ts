// SPDX-License-Identifier: Apache-2.0
import type {
  DescMethod,
  DescMethodStreaming,
  DescMethodUnary,
  DescService,
} from "@bufbuild/protobuf";
import {
  type ConnectRouter,
  type ConnectRouterOptions,
  createConnectRouter,
  type MethodImpl,
  type ServiceImpl,
} from "@connectrpc/connect";
import { DEFAULT_OVERRUN_MS } from "../options/overrun.js";
import { definedOnly } from "../options/settings.js";
import type { UniversalHandler } from "../protocol/connect-internals.js";
import type { ProtocolName } from "../protocol/protocol.js";
import { CallTracker } from "./call-tracker.js";
import { printError } from "./client-error.js";
import { runConnectImpl } from "./connect-impl.js";
import type { Route } from "./dispatch.js";
import { findNativeRpc, registerNativeRpc } from "./native-rpc.js";
import { createServedRpc } from "./pipeline.js";
import { unimplemented } from "./unimplemented.js";

/** What routes are made of. */
export interface RoutesOptions extends ConnectRouterOptions {
  routes(router: ConnectRouter): void;
  readonly requestPathPrefix?: string | undefined;
  /** What the host can carry. Default: all protocols. */
  readonly protocols?: readonly ProtocolName[] | undefined;
  /** Who keeps the open calls. Default: one of its own. */
  readonly calls?: CallTracker | undefined;
  /** The host has something else that may serve what is for no route. */
  readonly hasFallback?: boolean | undefined;
}

/**
 * Everything that `routes` registers, by path: RPCs of `registerXService`, and ordinary Connect
 * services, which run on the same engine. Of two handlers of one RPC the later counts, as with Connect.
 * Throws a `TypeError` if nothing is registered and there is no `fallback`.
 */
export function createRoutes(options: RoutesOptions): ReadonlyMap<string, Route> {
  const router = new NativeRouter(options);
  options.routes(router);
  if (router.handlers.length === 0 && !options.hasFallback) throw noRoutes();
  const tracker = options.calls ?? new CallTracker();
  const carried: readonly string[] | undefined = options.protocols;
  const routes = new Map<string, Route>();
  for (const handler of router.handlers) {
    const rpc = findNativeRpc(handler);
    if (!rpc) continue;
    routes.set(`${options.requestPathPrefix ?? ""}${handler.requestPath}`, {
      rpc: createServedRpc(rpc, options),
      protocolNames: handler.protocolNames.filter((name) => carried?.includes(name) ?? true),
      tracker,
    });
  }
  return routes;
}

function noRoutes(): TypeError {
  return new TypeError(
    "routes registers no service: call registerXService(router, handler) before routes returns",
  );
}

/** Connect's router, whose handlers our engine can serve. Connect checks what it is given. */
class NativeRouter implements ConnectRouter {
  readonly #router: ConnectRouter;
  readonly #base: ConnectRouterOptions;

  constructor(options: ConnectRouterOptions) {
    this.#base = options;
    this.#router = createConnectRouter(options);
  }

  get handlers(): UniversalHandler[] {
    return this.#router.handlers;
  }

  service<S extends DescService>(
    service: S,
    implementation: Partial<ServiceImpl<S>>,
    options?: ConnectRouterOptions,
  ): this {
    const before = this.handlers.length;
    this.#router.service(service, implementation, this.#given(options));
    for (const handler of this.handlers.slice(before)) {
      const impl: unknown = Reflect.get(implementation, handler.method.localName);
      if (typeof impl === "function") register(handler, impl.bind(implementation), options);
      else register(handler, undefined, options);
    }
    return this;
  }

  rpc<M extends DescMethod>(method: M, impl: MethodImpl<M>, options?: ConnectRouterOptions): this {
    this.#router.rpc(method, impl, this.#given(options));
    const handler = this.handlers.at(-1);
    if (handler) register(handler, impl, options);
    return this;
  }

  /** Connect takes any options for a choice of all protocols: what the server has off stays off. */
  #given(options: ConnectRouterOptions | undefined): ConnectRouterOptions | undefined {
    if (!options) return undefined;
    const { grpc = true, grpcWeb = true, connect = true } = this.#base;
    return { grpc, grpcWeb, connect, ...definedOnly(options) };
  }
}

function register(
  handler: UniversalHandler,
  impl: unknown,
  options: ConnectRouterOptions | undefined,
): void {
  const method = handler.method as DescMethodUnary | DescMethodStreaming;
  const handle = runConnectImpl(method, impl ?? unimplemented(method));
  registerNativeRpc(handler, {
    method,
    handle,
    onError: printError,
    overrunMs: DEFAULT_OVERRUN_MS,
    options: definedOnly(options ?? {}),
  });
}
