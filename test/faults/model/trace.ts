// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";
import type { StreamOutcome } from "connect-stream";
import type { Settlement } from "../settlements.js";
import type { ClientAct, HandlerAct, Scenario } from "./scenario.js";

/** Orders everything that happens in this process. */
let now = 0;
export function tick(): number {
  return ++now;
}

/** Something that one side did. */
export interface Op<Act> {
  readonly act: Act;
  /** When, by `tick`. */
  readonly at: number;
  /** Number of the message, for a send. */
  readonly number: number | undefined;
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
  handlerStartedAt: number | undefined;
  handlerEnd: { readonly act: HandlerAct; readonly at: number } | undefined;
  /** Reasons of the abort events of `context.signal`. */
  readonly aborts: ConnectError[];
  /** What `onError` was told. */
  readonly reported: unknown[];
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
    handlerStartedAt: undefined,
    handlerEnd: undefined,
    aborts: [],
    reported: [],
    listenersLeft: 0,
  };
}

/** Notes an act, and how its promise settles: as soon as it does, or when `look` is called. */
export function note<Act>(
  ops: Op<Act>[],
  act: Act,
  promise: Promise<unknown>,
  number: number | undefined,
  attentive: boolean,
): void {
  const op: Op<Act> = {
    act,
    number,
    promise,
    at: tick(),
    settlement: undefined,
    settledAt: undefined,
  };
  ops.push(op);
  if (attentive) void look(op).then(() => (op.settledAt = tick()));
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
