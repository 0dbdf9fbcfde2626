// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";
import type { QueueFill, QueueFills, StreamOutcome } from "connect-stream";
import type { Join } from "../../support/gen/lab/v1/metadata_pb.js";
import type { Settlement } from "../settlements.js";
import type { OverrunTold } from "./overruns.js";
import type { ClientAct, HandlerAct, Scenario } from "./scenario.js";

/** Orders everything that happens in this process. */
let now = 0;
export function tick(): number {
  return ++now;
}

/** Which message it is, and the bytes of its payload. */
export interface Numbered {
  readonly number: number;
  readonly bytes: number;
}

/** What an observer is told of. */
export type Told = "open" | "header" | "sent" | "received" | "end";

/** A message, as far as the model looks at it. */
export interface Received {
  readonly number: bigint;
  readonly payload: Uint8Array;
}

/** What a side's queues hold, as far as it has some. */
export type Queued = Partial<QueueFills>;

/** How to send on a stream, if it can. */
export interface Sending {
  readonly stream: { readonly queued: Queued };
  send(message: Numbered): Promise<unknown> | undefined;
  /** Whether somebody looks at the promise at once. */
  readonly attentive: boolean;
}

/** Something that one side did. */
export interface Op<Act> {
  readonly act: Act;
  /** When, by `tick`. */
  readonly at: number;
  /** The message, for a send. */
  readonly message: Numbered | undefined;
  /** What waited in the queue before it and after it, for a send. */
  readonly waiting: readonly [before: QueueFill, after: QueueFill] | undefined;
  promise: Promise<unknown>;
  settlement: Settlement | undefined;
  /** When it settled; unknown if nobody looked. */
  settledAt: number | undefined;
}

/** What a call of a scenario did. */
export interface Trace {
  readonly scenario: Scenario;
  readonly client: Op<ClientAct>[];
  readonly handler: Op<HandlerAct>[];
  /** When the client closed the call or aborted its signal for the first time. */
  givenUpAt: number | undefined;
  /** When the connection was cut for the first time. */
  cutAt: number | undefined;
  outcome: StreamOutcome | undefined;
  outcomeAt: number | undefined;
  header: Settlement | undefined;
  trailer: Settlement | undefined;
  /** What the server's observer was told; only for calls that are `declared`. */
  served: StreamOutcome | undefined;
  servedAt: number | undefined;
  /** Messages that the server handed over after its observer had been told of the end. */
  servedLate: number;
  /** What is in the queues after all, of either side. */
  clientQueued: Queued;
  handlerQueued: Queued;
  handlerStartedAt: number | undefined;
  /** What the handler was told of the client when it was called. */
  metadata: Join | undefined;
  handlerEnd: { readonly act: HandlerAct; readonly at: number } | undefined;
  /** Reasons of the abort events of `context.signal`. */
  readonly aborts: ConnectError[];
  /** When a handler that looks at its signal first saw that it had aborted. */
  abortedAt: number | undefined;
  /** Why the handler's signal is aborted when all is over, whoever looked at it. */
  abortReason: unknown;
  /** What observers of unary calls were told, in order. */
  readonly told: { readonly client: Told[]; readonly server: Told[] };
  /** The request that a unary handler got. */
  request: Received | undefined;
  /** The handler of a unary call set a header and a trailer before it ended. */
  headersSet: boolean;
  /** What `onError` was told. */
  readonly reported: unknown[];
  /** Who was told that the handler goes on after its call. */
  readonly overruns: OverrunTold[];
  /** Listeners left on the client's signal. */
  listenersLeft: number;
}

export function newTrace(scenario: Scenario): Trace {
  return {
    scenario,
    client: [],
    handler: [],
    givenUpAt: undefined,
    cutAt: undefined,
    outcome: undefined,
    outcomeAt: undefined,
    header: undefined,
    trailer: undefined,
    served: undefined,
    servedAt: undefined,
    servedLate: 0,
    clientQueued: {},
    handlerQueued: {},
    handlerStartedAt: undefined,
    metadata: undefined,
    handlerEnd: undefined,
    aborts: [],
    abortedAt: undefined,
    abortReason: undefined,
    told: { client: [], server: [] },
    request: undefined,
    headersSet: false,
    reported: [],
    overruns: [],
    listenersLeft: 0,
  };
}

/** Notes an act, and how its promise settles: as soon as it does, or when `look` is called. */
export function note<Act>(
  ops: Op<Act>[],
  act: Act,
  promise: Promise<unknown>,
  attentive: boolean,
  sent?: Pick<Op<Act>, "message" | "waiting">,
): void {
  const op: Op<Act> = {
    act,
    message: sent?.message,
    waiting: sent?.waiting,
    promise,
    at: tick(),
    settlement: undefined,
    settledAt: undefined,
  };
  ops.push(op);
  if (attentive) void look(op).then(() => (op.settledAt = tick()));
}

/** Sends with `send`, and notes that, with what waits in the queue of `stream` before and after. */
export function noteSend<Act>(
  ops: Op<Act>[],
  act: Act,
  message: Numbered,
  { stream, send, attentive }: Sending,
): void {
  const before = stream.queued.send;
  const promise = send(message);
  const after = stream.queued.send;
  if (promise)
    note(ops, act, promise, attentive, { message, waiting: before && after && [before, after] });
}

/** Waits until an act has settled. */
export async function look(op: Op<unknown>): Promise<void> {
  op.settlement ??= await settlementOf(op.promise);
}

export function settlementOf(promise: Promise<unknown>): Promise<Settlement> {
  return promise.then(
    (value) => ({ status: "fulfilled", value }),
    (reason: unknown) => ({ status: "rejected", reason }),
  );
}
