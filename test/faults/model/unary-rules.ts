// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Rules of unary calls alone. */
import { Code } from "@connectrpc/connect";
import type { StreamOutcome } from "connect-stream";
import { codeOf, nameOf, type Rule } from "./facts.js";
import type { Place } from "./place.js";
import { SET_HEADER, SET_TRAILER } from "./puppet.js";
import type { Told, Trace } from "./trace.js";
import type { UnaryTraits } from "./unary.js";

/** A rule of unary calls. */
type UnaryRule = (trace: Trace, traits: UnaryTraits) => string | undefined;

const rules: Record<string, UnaryRule> = {
  "an observer is told of each thing once, the end last and the header before it": ({ told }) => {
    for (const side of [told.client, told.server]) {
      if (side.length === 0 && side === told.server) continue;
      const twice = side.find((one, i) => side.indexOf(one) !== i);
      if (twice !== undefined || side[0] !== "open" || side.at(-1) !== "end") return side.join();
    }
    return undefined;
  },

  "a header goes out before the message, and with each answer": ({ told: { server }, served }) => {
    const [header, sent] = [server.indexOf("header"), server.indexOf("sent")];
    // Connect's unary response has both together.
    if (sent >= 0 && header < 0) return server.join();
    return served?.endedBy === "server" && header < 0 ? "an answer without a header" : undefined;
  },

  "a handler's signal aborts when its call is cut short, and only then": ({
    served,
    abortReason,
    handlerStartedAt,
  }) => {
    if (!handlerStartedAt || !served) return undefined;
    const reason = codeOf(abortReason);
    const expected = served.endedBy === "server" ? undefined : served.code;
    return reason === expected
      ? undefined
      : `signal ${nameOf(reason)}, served ${nameOf(served.code)} by ${served.endedBy}`;
  },

  "a cancel that the handler has seen is no success": ({ abortedAt, handlerEnd, served }) => {
    if (abortedAt === undefined || !served) return undefined;
    const seen = !handlerEnd || abortedAt < handlerEnd.at;
    return seen && served.code === undefined ? "served with success" : undefined;
  },

  "the server tells of an end that has a cause": (t) => {
    if (!t.served) return undefined;
    const found = `${nameOf(t.served.code)} by ${t.served.endedBy}`;
    const possible = servedOutcomes(t);
    return possible.has(found) ? undefined : `${found}, not one of: ${[...possible].join("; ")}`;
  },

  "both sides tell the same of a call that the server ended": (t) => {
    const { outcome, served, scenario, givenUpAt, cutAt } = t;
    // Each side has its own clock, and learns by itself that the connection is gone.
    if (scenario.timeoutMs !== undefined || cutAt !== undefined) return undefined;
    if (outcome?.endedBy === "server" && served?.code !== outcome.code) return differ(t);
    const given = givenUpAt !== undefined;
    return !given && served?.endedBy === "server" && outcome?.code !== served.code
      ? differ(t)
      : undefined;
  },

  "the request and the response arrive whole": (t, { bytes }) => {
    const { request, handlerStartedAt, handler, client } = t;
    if (handlerStartedAt && request?.payload.byteLength !== bytes) {
      return `a request of ${request?.payload.byteLength} bytes in place of ${bytes}`;
    }
    const answer = handler.find(({ act }) => act === "answer")?.message;
    for (const { settlement } of client) {
      if (settlement?.status !== "fulfilled") continue;
      const { payload } = settlement.value as Place;
      if (payload.byteLength !== answer?.bytes) return `a response of ${payload.byteLength} bytes`;
    }
    return undefined;
  },

  "a response has the header and the trailer of its handler": (t) => {
    if (!t.headersSet || t.outcome?.code !== undefined) return undefined;
    const [header, trailer] = [fieldsOf(t.header), fieldsOf(t.trailer)];
    if (header?.get(SET_HEADER) !== "set") return `header ${header?.get(SET_HEADER)}`;
    return trailer?.get(SET_TRAILER) === "set" ? undefined : "no trailer";
  },

  "the server counts one request, and one response if it succeeds": ({ served, told }) => {
    if (!served) return undefined;
    const { sent, received } = served;
    const counts = `${sent.messages} sent, ${received.messages} received`;
    if (sent.messages > 1 || received.messages > 1) return counts;
    const whole = sent.messages === 1 && received.messages === 1;
    if (served.code === undefined && !whole) return counts;
    return counted(told.server, "sent", sent.messages) ? undefined : `${counts}: ${told.server}`;
  },
};

/** For calls of other kinds they say nothing. */
export const unaryRules: Record<string, Rule> = Object.fromEntries(
  Object.entries(rules).map(([name, rule]): [string, Rule] => [
    name,
    (trace) => (trace.scenario.unary ? rule(trace, trace.scenario.unary) : undefined),
  ]),
);

/** How the server may say that a call ended, by what was done to it. */
function servedOutcomes({ scenario, handlerEnd, givenUpAt, cutAt }: Trace): Set<string> {
  const possible = new Set<string>();
  if (scenario.timeoutMs !== undefined) possible.add("DeadlineExceeded by deadline");
  const gone = (givenUpAt ?? cutAt) !== undefined;
  // A client past its deadline cancels, and its cancel may arrive before the server's own timer.
  if (gone || scenario.timeoutMs !== undefined) {
    possible.add("Canceled by client").add("Canceled by connection");
  }
  if (handlerEnd?.act === "return") possible.add("success by server");
  if (handlerEnd?.act === "throw an error") possible.add(`${Code[Code.DataLoss]} by server`);
  if (handlerEnd?.act === "throw anything") possible.add("Internal by server");
  return possible;
}

function counted(told: readonly Told[], what: Told, times: number): boolean {
  return told.filter((one) => one === what).length === times;
}

function differ({ outcome, served }: Trace): string {
  return `client ${endOf(outcome)}, server ${endOf(served)}`;
}

function endOf(outcome: StreamOutcome | undefined): string {
  return outcome ? `${nameOf(outcome.code)} by ${outcome.endedBy}` : "none";
}

function fieldsOf(settlement: Trace["header"]): Headers | undefined {
  return settlement?.status === "fulfilled" ? (settlement.value as Headers) : undefined;
}
