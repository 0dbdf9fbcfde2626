// SPDX-License-Identifier: Apache-2.0
import type { ContextValues, Transport } from "@connectrpc/connect";
import type { RecvOptions, SendOptions } from "../api/options.js";
import type { EndedBy, StreamOutcome } from "../api/outcome.js";
import type { Progress } from "../call/progress.js";
import type { CallObservation } from "../observe/call-observation.js";
import type { StreamLimits } from "../options/limits.js";
import type { QueueFills } from "../options/queues.js";
import type { StreamValidation } from "../options/validation.js";
import type { CallQueues } from "../protocol/call-queues.js";
import type { Heartbeat } from "../protocol/heartbeat.js";
import type { RpcMethod } from "../protocol/method-kind.js";

/**
 * The client's end of one call, as clients need it, whatever carries it. Messages are of the types
 * of the call's method; the streams that users get say which.
 */
export interface ClientCall {
  readonly header: Promise<Headers>;
  readonly trailer: Promise<Headers>;
  readonly outcome: Promise<StreamOutcome>;
  /** True once it is known how the call ended, from before anything rejects because of that. */
  readonly ended: boolean;
  recv(options?: RecvOptions): Promise<object | undefined>;
  send(message: object, options?: SendOptions): Promise<void>;
  closeSend(): Promise<void>;
  /** Abandons the call. */
  close(): void;
  /** Ends the call with an error of this side. `by`: whom the outcome names; default `client`. */
  fail(error: Error, by?: EndedBy): void;
  /** How far the call has come. */
  progress(): Progress;
  /** What waits in its queues. */
  queued(): QueueFills;
}

/** What a call is opened with. */
export interface CallInit {
  readonly signal: AbortSignal | undefined;
  /** `undefined`: the transport's default. 0 or less: none. */
  readonly timeoutMs: number | undefined;
  readonly headers: HeadersInit | undefined;
  readonly contextValues: ContextValues | undefined;
  readonly queues: CallQueues;
  /** The time limit of a `recv` that sets none, in milliseconds. */
  readonly recvMs: number | undefined;
  /** What arrives and is no message for whoever receives. */
  readonly heartbeat: Heartbeat | undefined;
  readonly validation: StreamValidation | undefined;
  /** Who is told of headers and messages. */
  readonly observation: CallObservation | undefined;
}

/** A call with nothing but what its transport has by default. */
export const plainCall: CallInit = {
  signal: undefined,
  timeoutMs: undefined,
  headers: undefined,
  contextValues: undefined,
  queues: { send: undefined, receive: undefined },
  recvMs: undefined,
  heartbeat: undefined,
  validation: undefined,
  observation: undefined,
};

/** Opens a call: at once, while the connection may yet have to be made. */
export type OpenCall = (init: CallInit) => ClientCall;

/** Prepares to open calls of one method, within limits of size. */
export type CreateOpener = (method: RpcMethod, limits: StreamLimits | undefined) => OpenCall;

const native = new WeakMap<Transport, CreateOpener>();

/** Notes that calls over `transport` can be opened without Connect's iterables. */
export function registerNativeTransport(transport: Transport, createOpener: CreateOpener): void {
  native.set(transport, createOpener);
}

export function findNativeTransport(transport: Transport): CreateOpener | undefined {
  return native.get(transport);
}
