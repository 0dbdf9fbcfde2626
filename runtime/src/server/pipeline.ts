// SPDX-License-Identifier: Apache-2.0
/**
 * The layers around a handler, in the order in which a request meets them:
 *
 * 1. observer, deadline, limits of time and size, heartbeats: of the call that has the wire
 * 2. the request gate
 * 3. interceptors. They see messages as Connect has them, so behind them is a call within the call
 * 4. queues, validation, the time limit of `recv`: next to the handler
 * 5. initial metadata, and the handler
 *
 * Without interceptors, one call has them all.
 *
 * @packageDocumentation
 */
import type { DescMethodStreaming, DescMethodUnary } from "@bufbuild/protobuf";
import type { ConnectRouterOptions } from "@connectrpc/connect";
import type { RpcObserver } from "../api/observer.js";
import type { Clock } from "../call/clock.js";
import type { ReceiveFilter } from "../call/receiver.js";
import type { SendFilter } from "../call/sender.js";
import type { StreamLimits } from "../options/limits.js";
import { NEVER_COMPRESS } from "../options/message-size.js";
import type { StreamTimeouts } from "../options/timeouts.js";
import { type CallQueues, callQueues, noQueues } from "../protocol/call-queues.js";
import {
  type UniversalHandlerOptions,
  validateUniversalHandlerOptions,
} from "../protocol/connect-internals.js";
import type { Heartbeat } from "../protocol/heartbeat.js";
import { mayReferenceInput } from "../protocol/input-references.js";
import type { OnError } from "./client-error.js";
import { createCodecs, type ServerCodecs } from "./codecs.js";
import { interceptHandler } from "./intercept.js";
import type { NativeRpc } from "./native-rpc.js";
import { type GatedOptions, withRequestGate } from "./request-gate.js";
import type { RunHandler, ServerCall } from "./server-call.js";
import { type ValidatedCall, ValidationFilters } from "./validation-filters.js";

/** A call, as its filters need it. */
export type FilteredCall = ValidatedCall & Pick<ServerCall, "abort">;

/** What one call runs, and what stands around that. Absent layers cost nothing. */
export interface CallLayers {
  readonly run: RunHandler;
  readonly queues: CallQueues;
  readonly receiveFilter?: ((call: FilteredCall) => ReceiveFilter<object> | undefined) | undefined;
  readonly sendFilter?: ((call: FilteredCall) => SendFilter<object> | undefined) | undefined;
  /** Time limit of a `recv` that sets none, in milliseconds. */
  readonly recvMs?: number | undefined;
  readonly timeouts?: StreamTimeouts | undefined;
  readonly heartbeat?: Heartbeat | undefined;
  /** How long the handler may go on after its call, in milliseconds; 0, or absent: for ever. */
  readonly overrunMs?: number | undefined;
  /** What is limited beyond one message, where no wire counts bytes. */
  readonly limits?: StreamLimits | undefined;
}

/** An RPC, ready to serve on a wire: its options resolved. */
export interface ServedRpc {
  readonly method: DescMethodUnary | DescMethodStreaming;
  readonly layers: CallLayers;
  readonly onError: OnError;
  readonly observer: RpcObserver | undefined;
  readonly options: UniversalHandlerOptions;
  readonly codecs: ServerCodecs;
  /** What the service limits beyond one message. */
  readonly streamLimits: StreamLimits | undefined;
  /** Parsed requests may hold views of the bytes they came in. */
  readonly aliasesInput: boolean;
  /** The time that its calls live in, where that is not the real one. */
  readonly clock?: Clock | undefined;
}

/** Puts the layers of an RPC together, for a wire. The service's options go before the router's. */
export function createServedRpc(rpc: NativeRpc, routerOptions: ConnectRouterOptions): ServedRpc {
  const options: GatedOptions = validateUniversalHandlerOptions({
    ...routerOptions,
    ...rpc.options,
    compressMinBytes:
      rpc.options.compressMinBytes ?? routerOptions.compressMinBytes ?? NEVER_COMPRESS,
  });
  const { method, onError, observer, timeouts, heartbeat, limits: streamLimits } = rpc;
  const inner = innerLayers(rpc);
  const { interceptors } = options;
  const direct = interceptors.length === 0;
  const run = direct ? inner.run : interceptHandler(rpc, inner, interceptors);
  return {
    method,
    onError,
    observer,
    options,
    streamLimits,
    layers: {
      ...(direct ? inner : { queues: noQueues, overrunMs: rpc.overrunMs }),
      timeouts,
      heartbeat,
      run: withRequestGate(run, options),
    },
    codecs: createCodecs(method, options),
    aliasesInput: mayReferenceInput(method.input),
  };
}

/**
 * Puts the layers of an RPC together, for one of Connect's own adapters, which has the interceptors,
 * the deadline and the bytes.
 */
export function createAdapterLayers(rpc: NativeRpc): CallLayers {
  const { timeouts, heartbeat, limits } = rpc;
  return { ...innerLayers(rpc), timeouts, heartbeat, limits };
}

/** What stands next to the handler. */
function innerLayers({
  method,
  handle,
  queues,
  timeouts,
  validation,
  onError,
  overrunMs,
}: NativeRpc): CallLayers {
  const filters = validation && new ValidationFilters(method, validation, onError);
  return {
    run: handle,
    overrunMs,
    queues: callQueues(queues),
    receiveFilter: filters && ((call) => filters.received(call)),
    sendFilter: filters && ((call) => filters.sent(call)),
    recvMs: timeouts?.recvMs,
  };
}
