// SPDX-License-Identifier: Apache-2.0
import { ConnectError, type Transport } from "@connectrpc/connect";
import type { RpcObserver } from "../api/observer.js";
import type { StreamCallOptions } from "../api/options.js";
import type { Scope } from "../options/declare.js";
import type { CallPolicy } from "../options/policy.js";
import type { StreamTimeouts } from "../options/timeouts.js";
import { resolveValidation, type StreamValidation } from "../options/validation.js";
import { noQueues } from "../protocol/call-queues.js";
import type { Heartbeat } from "../protocol/heartbeat.js";
import type { RpcMethod } from "../protocol/method-kind.js";
import { resolveHeaders } from "./call-headers.js";
import {
  type CallInit,
  type ClientCall,
  findNativeTransport,
  type OpenCall,
} from "./client-call.js";
import { openerOnTransport } from "./iterable-carrier.js";
import type { StartCall } from "./observe.js";
import type { CallParts, RetryCall } from "./parts.js";
import { sendOnly } from "./unary.js";

/** What the schema and a client's options together say of the calls of an RPC. */
export interface CallDefaults extends CallPolicy {
  readonly validation: StreamValidation | undefined;
  readonly observer: RpcObserver | undefined;
  readonly heartbeat: Heartbeat | undefined;
}

/** Opens a call. `request`: the one request, of the kinds that have one. */
export type StartRpc = (options: StreamCallOptions | undefined, request?: object) => ClientCall;

/** A call, resolved from all that is said of it. */
interface Plan {
  readonly init: CallInit;
  readonly open: OpenCall;
  readonly retry: RetryCall | undefined;
  readonly timeouts: StreamTimeouts | undefined;
}

/**
 * Opens calls of one RPC. This is the order of what stands around a call, from the caller to the
 * transport; each is there only if it is asked for, and in the bundle only if it is in `parts`:
 *
 * 1. options: the call's before the client's, and these before the schema's
 * 2. limits of time
 * 3. observers
 * 4. retries
 * 5. filters of messages: validation, heartbeats, limits of size (`filters.ts`); with retries,
 *    validation is around them
 * 6. the carrier: a wire, or a Connect transport with its interceptors
 */
export function createPipeline(
  method: RpcMethod,
  transport: Transport,
  defaults: CallDefaults,
  parts: CallParts,
): StartRpc {
  const planOf = createPlanner(method, transport, defaults, parts);
  const byDefault = planOf({});
  const { observer } = defaults;
  const observe = observer && parts.observe?.bind(undefined, observer, transport, method);
  return (options, request) => {
    const { init, open, retry, timeouts } = options ? planOf(options) : byDefault;
    const startCall: StartCall = (openOne, given) => {
      const call = retry ? retry(method, openOne, given) : openOne(given);
      if (request) sendOnly(call, request);
      return call;
    };
    const start = observe?.(startCall) ?? startCall;
    const call = start(open, init);
    if (timeouts) parts.limitTime?.(call, timeouts);
    if (method.methodKind !== "unary" && options) invokeCallbacks(call, options);
    return call;
  };
}

/** Joins the options of a call with its defaults. */
function createPlanner(
  method: RpcMethod,
  transport: Transport,
  defaults: CallDefaults,
  { resolveCall, retry: retryOf, queues: queuesOf = () => noQueues, sizes }: CallParts,
): (options: StreamCallOptions) => Plan {
  const scope: Scope = { side: "client", methodKind: method.methodKind };
  const createOpener = findNativeTransport(transport) ?? openerOnTransport(transport, sizes);
  const defaultOpen = createOpener(method, defaults.limits);
  const defaultRetry = retryOf?.(transport, defaults.retry);
  const defaultQueues = queuesOf(defaults.queues);
  return (options) => {
    const policy = resolveCall(scope, defaults, options);
    const { timeoutMs, timeouts, limits, queues, retry } = policy;
    const { headers, signal } = resolveHeaders(options);
    const init: CallInit = {
      signal,
      timeoutMs,
      headers,
      contextValues: options.contextValues,
      queues: queues === defaults.queues ? defaultQueues : queuesOf(queues),
      recvMs: timeouts?.recvMs,
      heartbeat: defaults.heartbeat,
      validation: resolveValidation(defaults.validation, options.validation, method),
      observation: undefined,
    };
    return {
      init,
      open: limits === defaults.limits ? defaultOpen : createOpener(method, limits),
      retry: retry === defaults.retry ? defaultRetry : retryOf?.(transport, retry),
      timeouts,
    };
  };
}

/** Connect's callbacks; one that throws fails the call. */
function invokeCallbacks(call: ClientCall, { onHeader, onTrailer }: StreamCallOptions): void {
  const fail = (error: unknown) => call.fail(ConnectError.from(error));
  if (onHeader) call.header.then(onHeader).catch(fail);
  if (onTrailer) call.trailer.then(onTrailer).catch(fail);
}
