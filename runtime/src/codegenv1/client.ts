// SPDX-License-Identifier: Apache-2.0
import type {
  DescMessage,
  DescMethodStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
} from "@bufbuild/protobuf";
import { ConnectError, type Transport } from "@connectrpc/connect";
import type { StreamObserver } from "../api/observer.js";
import type { StreamCallOptions, StreamClientOptions } from "../api/options.js";
import { abortError, onAbort } from "../call/abort.js";
import { headersOf, resolveHeaders } from "../client/call-headers.js";
import { type ClientCall, findNativeTransport, type OpenCall } from "../client/client-call.js";
import { invokeHeaderCallbacks } from "../client/invoke-header-callbacks.js";
import { openOnTransport } from "../client/iterable-carrier.js";
import { watchCall, watchedCalls } from "../client/observe.js";
import { resolveRetry } from "../client/retry/retry-settings.js";
import { retryUnary } from "../client/retry/retry-unary.js";
import { RetryingCall } from "../client/retry/retrying-call.js";
import { BidiStreaming, ClientStreaming, ServerStreaming } from "../client/streams.js";
import { timed } from "../client/timed.js";
import { unaryError } from "../client/transport-error.js";
import { validated, validatedUnary } from "../client/validated.js";
import { watchedUnary } from "../client/watched-unary.js";
import { withMetadata } from "../client/with-metadata.js";
import { withoutHeartbeats } from "../client/without-heartbeats.js";
import { checkObserver } from "../observe/check.js";
import { resolveLimits, type StreamLimits } from "../options/limits.js";
import { resolveQueues, type StreamQueues } from "../options/queues.js";
import type { RetryPolicy } from "../options/retry.js";
import { assertNumber, checkCallTimeout } from "../options/settings.js";
import { resolveTimeouts, type StreamTimeouts } from "../options/timeouts.js";
import { prepare, resolveValidation, type StreamValidation } from "../options/validation.js";
import { clientQueues } from "../protocol/call-queues.js";
import { type HeartbeatSpec, heartbeatOf } from "../protocol/heartbeat.js";
import { methodsOf } from "../protocol/method-kind.js";
import { capForConnect } from "../protocol/timeout-header.js";
import { type ClientPolicy, type RpcSpec, type RpcSpecs, specOf } from "./rpc-spec.js";

type Open = (options: StreamCallOptions | undefined) => ClientCall;

/** The client's method for an RPC of each kind. */
const streamMethods = {
  server_streaming: (open: Open) => (request: object, options?: StreamCallOptions) => {
    const side = open(options);
    side.send(request).catch((error: unknown) => side.fail(ConnectError.from(error)));
    void side.closeSend();
    return new ServerStreaming(side);
  },
  client_streaming: (open: Open) => (options?: StreamCallOptions) =>
    new ClientStreaming(open(options)),
  bidi_streaming: (open: Open) => (options?: StreamCallOptions) => new BidiStreaming(open(options)),
};

function streamMethod(
  method: DescMethodStreaming,
  open: Open,
  { initialMetadata }: RpcSpec<ClientPolicy>,
  { validation }: CallDefaults,
) {
  const { methodKind } = method;
  if (!initialMetadata || methodKind === "server_streaming") return streamMethods[methodKind](open);
  const validationOf = (options: StreamCallOptions) =>
    resolveValidation(validation, options.validation, method);
  return withMetadata(streamMethods[methodKind](open), initialMetadata, validationOf);
}

/** Creates the client of `service`, of the generated type `C`. For `specs` see `registerService`. */
export function createServiceClient<C extends object>(
  service: DescService,
  transport: Transport,
  options: StreamClientOptions = {},
  specs: RpcSpecs<ClientPolicy> = {},
): C {
  checkOptions(options);
  const code = {
    ...options,
    timeouts: resolveTimeouts(undefined, options.timeouts),
    limits: resolveLimits(undefined, options.limits),
    queues: resolveQueues(undefined, options.queues),
  };
  const client = {};
  for (const method of methodsOf(service)) {
    const { spec, member } = specOf(specs, method);
    prepare(code.validation, method, "response", spec.initialMetadata);
    const defaults = joinPolicies(spec.policy, code);
    const value =
      method.methodKind === "unary"
        ? unaryMethod(method, transport, defaults)
        : streamMethod(method, opener(method, transport, defaults, spec.heartbeat), spec, defaults);
    // Not an assignment: an RPC may have the name of a setter that all objects inherit.
    Object.defineProperty(client, member, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return client as C;
}

/** Throws a `RangeError` for what cannot be, of what is not looked at elsewhere. */
function checkOptions({ timeoutMs, observer }: StreamClientOptions): void {
  if (timeoutMs !== undefined) assertNumber("timeoutMs", timeoutMs, 0, Number.POSITIVE_INFINITY);
  checkObserver("observer", observer);
}

/** What schema and options together say of an RPC. */
interface CallDefaults {
  readonly timeoutMs: number | undefined;
  readonly retry: RetryPolicy | false | undefined;
  readonly timeouts: StreamTimeouts | undefined;
  readonly limits: StreamLimits | undefined;
  readonly queues: StreamQueues | undefined;
  readonly validation: StreamValidation | undefined;
  readonly observer: StreamObserver | undefined;
}

/** What the code says goes before what the schema says. */
function joinPolicies(schema: ClientPolicy | undefined, code: Partial<CallDefaults>): CallDefaults {
  return {
    timeoutMs: code.timeoutMs ?? schema?.timeoutMs,
    retry: code.retry ?? schema?.retry,
    timeouts: resolveTimeouts(schema?.timeouts, code.timeouts),
    limits: resolveLimits(schema?.limits, code.limits),
    queues: resolveQueues(schema?.queues, code.queues),
    validation: code.validation,
    observer: code.observer,
  };
}

function unaryMethod(method: DescMethodUnary, transport: Transport, defaults: CallDefaults) {
  const { observer } = defaults;
  const clientSettings = resolveRetry(transport, defaults.retry);
  const once = unaryCall(method, transport);
  const make = (request: MessageInitShape<DescMessage>, options: StreamCallOptions) => {
    const { timeoutMs = defaults.timeoutMs, retry } = options;
    checkCallTimeout("timeoutMs", timeoutMs);
    const headers = headersOf(options.headers);
    const limited = {
      ...options,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(headers && { headers }),
    };
    const settings = retry === undefined ? clientSettings : resolveRetry(transport, retry);
    const all = (one: typeof once, init: StreamCallOptions) =>
      settings
        ? retryUnary(settings, method, init, (attempt) => one(request, attempt))
        : one(request, init);
    if (!observer) return all(once, limited);
    const { call, headers: own } = watchCall(observer, transport, method, headers);
    const init = { ...limited, headers: own };
    return call ? watchedUnary(call, init, once, all) : all(once, init);
  };
  return async (request: MessageInitShape<DescMessage>, options: StreamCallOptions = {}) => {
    const validation = resolveValidation(defaults.validation, options.validation, method);
    if (!validation) return make(request, options);
    return validatedUnary(method, validation, request, (whole) => make(whole, options));
  };
}

function unaryCall(method: DescMethodUnary, transport: Transport) {
  return async (request: MessageInitShape<DescMessage>, options: StreamCallOptions) => {
    const { signal, timeoutMs, headers, contextValues } = options;
    const limited = timeoutMs !== undefined && timeoutMs > 0;
    const deadline = limited ? performance.now() + timeoutMs : Number.POSITIVE_INFINITY;
    // Connect puts listeners of its own on a call's signal, which many calls may share.
    const own = new AbortController();
    const giveUp = (from: AbortSignal) => own.abort(abortError(from));
    const stopWatching = signal && onAbort(signal, () => giveUp(signal));
    if (signal?.aborted) giveUp(signal);
    try {
      const response = await transport.unary(
        method,
        own.signal,
        capForConnect(timeoutMs),
        headers,
        request,
        contextValues,
      );
      await invokeHeaderCallbacks(options, response.header, response.trailer);
      return response.message;
    } catch (error) {
      throw unaryError(error, deadline);
    } finally {
      stopWatching?.();
    }
  };
}

function opener(
  method: DescMethodStreaming,
  transport: Transport,
  defaults: CallDefaults,
  heartbeat: HeartbeatSpec | undefined,
): Open {
  const clientSettings = resolveRetry(transport, defaults.retry);
  const defaultQueues = clientQueues(defaults.queues, method.methodKind);
  const openAll: OpenCall =
    findNativeTransport(transport) ?? ((rpc, init) => openOnTransport(transport, rpc, init));
  const open = withoutHeartbeats(openAll, heartbeatOf(method, heartbeat));
  const watched = watchedCalls(defaults.observer, transport, open, method);
  return (options = {}) => {
    const { timeoutMs = defaults.timeoutMs, contextValues, retry } = options;
    checkCallTimeout("timeoutMs", timeoutMs);
    const timeouts = resolveTimeouts(defaults.timeouts, options.timeouts);
    const limits = resolveLimits(defaults.limits, options.limits);
    const queues =
      options.queues === undefined
        ? defaultQueues
        : clientQueues(resolveQueues(defaults.queues, options.queues), method.methodKind);
    const { signal, headers } = resolveHeaders(options);
    const init = { signal, timeoutMs, headers, contextValues, limits, queues };
    const settings = retry === undefined ? clientSettings : resolveRetry(transport, retry);
    const opened = watched(init, (openOne, inits) =>
      settings ? new RetryingCall(openOne, method, inits, settings) : openOne(method, inits),
    );
    const limited = timeouts ? timed(opened, method, timeouts) : opened;
    const validation = resolveValidation(defaults.validation, options.validation, method);
    const side = validation ? validated(limited, method, validation) : limited;
    if (options.onHeader) tell(side, side.header, options.onHeader);
    if (options.onTrailer) tell(side, side.trailer, options.onTrailer);
    return side;
  };
}

/** Connect's callbacks; one that throws fails the call. */
function tell(
  side: ClientCall,
  headers: Promise<Headers>,
  callback: (headers: Headers) => void,
): void {
  headers.then(callback).catch((error: unknown) => side.fail(ConnectError.from(error)));
}
