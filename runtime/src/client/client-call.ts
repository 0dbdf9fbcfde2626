// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming } from "@bufbuild/protobuf";
import type { ContextValues, Transport } from "@connectrpc/connect";
import type { RecvOptions, SendOptions } from "../api/options.js";
import type { EndedBy, StreamOutcome } from "../api/outcome.js";
import type { Progress } from "../call/progress.js";
import type { CallWatch } from "../observe/call-watch.js";
import type { StreamLimits } from "../options/limits.js";
import type { QueueFills } from "../options/queues.js";
import type { CallQueues } from "../protocol/call-queues.js";

/**
 * The client's end of one call, as clients' streams need it, whatever carries it. Messages are of
 * the types of the call's method; the streams that users get say which.
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
  readonly limits: StreamLimits | undefined;
  readonly queues: CallQueues;
  /** True of what arrives and is no message for whoever receives. */
  readonly skip?: ((message: object) => boolean) | undefined;
  /** Who is told of headers and messages. */
  readonly watch?: CallWatch | undefined;
}

/** Opens a call: at once, while the connection may yet have to be made. */
export type OpenCall = (method: DescMethodStreaming, init: CallInit) => ClientCall;

const direct = new WeakMap<Transport, OpenCall>();

/** Notes that calls over `transport` can be opened without Connect's iterables. */
export function registerNativeTransport(transport: Transport, open: OpenCall): void {
  direct.set(transport, open);
}

export function findNativeTransport(transport: Transport): OpenCall | undefined {
  return direct.get(transport);
}
