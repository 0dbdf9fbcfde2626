// SPDX-License-Identifier: Apache-2.0
import { Code } from "@connectrpc/connect";
import { downward, type Flow, isEnd, isRefusal, upward } from "./facts.js";
import type { Trace } from "./trace.js";

/** Rare things, and how to tell that one happened in a call. */
const things: Record<string, (trace: Trace) => boolean> = {
  "a client's queue refused a message": ({ client }) => client.some(isRefusal),
  "a handler's queue refused a message": ({ handler }) => handler.some(isRefusal),
  "a client's queue dropped what was to be sent": (t) => upward(t).sendDropped > 0,
  "a handler's queue dropped what was to be sent": (t) => downward(t).sendDropped > 0,
  "a client's queue dropped what had arrived": (t) => downward(t).receiveDropped > 0,
  "a handler's queue dropped what had arrived": (t) => upward(t).receiveDropped > 0,
  "a client's queue ended the call": overflowed("client"),
  "a handler's queue ended the call": overflowed("server"),
  "a reader had the end, without what was dropped": (t) =>
    (t.client.some(isEnd) && dropped(downward(t))) || (t.handler.some(isEnd) && dropped(upward(t))),
  "heartbeats were sent": (t) => Number.isFinite(downward(t).beats) && downward(t).beats > 0,
  "a stream was told of whose handler went on": (t) => !isUnary(t) && t.overruns.length > 0,
  "a unary call was told of whose handler went on": (t) => isUnary(t) && t.overruns.length > 0,
  "a call that a queue ended was told of": ({ outcome, overruns }) =>
    outcome?.code === Code.ResourceExhausted && overruns.length > 0,
  "metadata was told": ({ metadata }) => metadata !== undefined,
  "a unary call had its response": (t) => isUnary(t) && t.outcome?.code === undefined,
  "a unary handler saw that its call was cancelled": (t) => isUnary(t) && t.abortedAt !== undefined,
  "a unary call ended that its handler did not look at": ({ scenario, served, abortedAt }) =>
    scenario.unary?.deaf === true && served?.endedBy === "client" && abortedAt === undefined,
  "the server ended a unary call at its deadline": ({ scenario, served, outcome }) =>
    scenario.unary?.late === true &&
    served?.endedBy === "deadline" &&
    outcome?.code === Code.DeadlineExceeded,
  "a unary call was cancelled while its response left": (t) =>
    isUnary(t) &&
    t.served?.endedBy === "client" &&
    t.handlerEnd !== undefined &&
    t.handlerEnd.at < (t.givenUpAt ?? 0),
};

function isUnary({ scenario }: Trace): boolean {
  return scenario.kind === "unary";
}

function dropped({ sendDropped, receiveDropped }: Flow): boolean {
  return sendDropped + receiveDropped > 0;
}

function overflowed(by: "client" | "server"): (trace: Trace) => boolean {
  return ({ outcome }) => outcome?.code === Code.ResourceExhausted && outcome.endedBy === by;
}

/** In how many calls each of the rare things happened: rules say nothing of what never does. */
export class Happened {
  readonly counts: Record<string, number> = Object.fromEntries(
    Object.keys(things).map((name) => [name, 0]),
  );

  add(traces: readonly Trace[]): void {
    for (const [name, happened] of Object.entries(things)) {
      this.counts[name] = (this.counts[name] ?? 0) + traces.filter(happened).length;
    }
  }

  /** What did not happen at all. */
  get never(): string[] {
    return Object.keys(this.counts).filter((name) => this.counts[name] === 0);
  }
}
