// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What rules ask of a trace. */
import { Code, ConnectError } from "@connectrpc/connect";
import type { QueueBounds } from "connect-stream";
import { mayOverflow } from "./bounds.js";
import type { Place } from "./place.js";
import type { Numbered, Op, Trace } from "./trace.js";

/** Says what is wrong, if anything. */
export type Rule = (trace: Trace) => string | undefined;

/** One direction of a call. */
export interface Flow {
  /** What was sent. */
  readonly accepted: readonly Numbered[];
  /** Numbers of what was received. */
  readonly received: readonly number[];
  /** Bounds of the queues on the way. */
  readonly send: QueueBounds | undefined;
  readonly receive: QueueBounds | undefined;
  /** How many messages these have dropped, by their own count. */
  readonly sendDropped: number;
  readonly receiveDropped: number;
  /** So many heartbeats were sent between the messages; any number if that cannot be told. */
  readonly beats: number;
}

/** From the client to the handler. */
export function upward({ scenario, client, handler, ...trace }: Trace): Flow {
  return {
    accepted: accepted(client),
    received: received(handler),
    send: scenario.queues.client.send,
    receive: scenario.queues.server.receive,
    sendDropped: trace.clientQueued.send?.dropped ?? 0,
    receiveDropped: trace.handlerQueued.receive?.dropped ?? 0,
    beats: 0,
  };
}

/** From the handler to the client. */
export function downward(trace: Trace): Flow {
  const { scenario, client, handler } = trace;
  return {
    accepted: accepted(handler),
    received: received(client),
    send: scenario.queues.server.send,
    receive: scenario.queues.client.receive,
    sendDropped: trace.handlerQueued.send?.dropped ?? 0,
    receiveDropped: trace.clientQueued.receive?.dropped ?? 0,
    beats: beats(trace),
  };
}

/** Messages that neither arrived nor were dropped; with heartbeats, which may be dropped, the most. */
export function missing({ accepted, received, sendDropped, receiveDropped, beats }: Flow) {
  const least = accepted.length - received.length - sendDropped - receiveDropped;
  return { least, most: least + beats };
}

/** Whether the call has a heartbeat. */
export function hasHeartbeat({ declared, kind }: Trace["scenario"]): boolean {
  return declared !== undefined && (kind === "download" || kind === "chat");
}

/** How many heartbeats the server has sent. */
function beats({ scenario, served, handler }: Trace): number {
  if (!hasHeartbeat(scenario)) return 0;
  // What waited when the call was cut is lost, and heartbeats among it.
  const whole = served?.endedBy === "server" && served.code !== Code.ResourceExhausted;
  if (!whole) return Number.POSITIVE_INFINITY;
  return served.sent.messages + served.sent.dropped - accepted(handler).length;
}

/** Whether the handler's queue may have ended the call, because more came than it holds. */
export function serverMayOverflow({ scenario, client }: Trace): boolean {
  const { kind, queues } = scenario;
  return kind !== "download" && mayOverflow(queues.server.receive, accepted(client));
}

/** Whether the client's queue may have. */
export function clientMayOverflow({ scenario, handler }: Trace): boolean {
  const { kind, queues } = scenario;
  if (kind === "upload" || queues.client.receive?.whenFull !== "fail") return false;
  return hasHeartbeat(scenario) || mayOverflow(queues.client.receive, accepted(handler));
}

/** The messages that were accepted, in the order of the sends. */
export function accepted(ops: readonly Op<string>[]): Numbered[] {
  return ops.flatMap(({ message, settlement }) =>
    message && settlement?.status === "fulfilled" ? [message] : [],
  );
}

/** Messages that were received, in the order of the receives. */
export function messages(ops: readonly Op<string>[]): Place[] {
  const seen = new Set<unknown>();
  return ops.flatMap(({ act, message, settlement }) => {
    if (message || settlement?.status !== "fulfilled" || !settlement.value) return [];
    // `closeAndRecv` gives the same response each time.
    if (act === "half-close" && seen.has(settlement.value)) return [];
    seen.add(settlement.value);
    return [settlement.value as Place];
  });
}

/** Their numbers. */
export function received(ops: readonly Op<string>[]): number[] {
  return messages(ops).map(({ number }) => Number(number));
}

/** A `recv` that told the end of the stream. */
export function isEnd({ act, settlement }: Op<string>): boolean {
  return (
    act.startsWith("recv") && settlement?.status === "fulfilled" && settlement.value === undefined
  );
}

/** A `send` that was refused because the queue was full. */
export function isRefusal({ message, settlement }: Op<string>): boolean {
  if (!message || settlement?.status !== "rejected") return false;
  const { reason } = settlement;
  if (!(reason instanceof ConnectError) || reason.code !== Code.ResourceExhausted) return false;
  return reason.rawMessage.startsWith("the send queue is full: ");
}

export function codeOf(reason: unknown): Code | undefined {
  return reason instanceof ConnectError ? reason.code : undefined;
}

export function nameOf(code: Code | undefined): string {
  return code === undefined ? "success" : (Code[code] ?? String(code));
}
