// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Rules of how calls end, and who is told of it. */
import { Code, ConnectError } from "@connectrpc/connect";
import {
  clientMayOverflow,
  codeOf,
  downward,
  isRefusal,
  missing,
  nameOf,
  type Rule,
  serverMayOverflow,
} from "./facts.js";
import { isOverrun } from "./overruns.js";
import { possibleOutcomes } from "./possible-outcomes.js";
import { SECRET, thrownError } from "./puppet.js";
import type { Op, Trace } from "./trace.js";

export const endRules: Record<string, Rule> = {
  "everything settles": ({ scenario, client, handler, outcome, header, trailer, ...trace }) => {
    const ops: Op<string>[] = [...client, ...handler];
    const open = ops.filter(({ settlement }) => !settlement).map(({ act }) => act);
    if (!outcome) open.push("outcome");
    if (!header) open.push("header");
    if (!trailer) open.push("trailer");
    if (trace.handlerStartedAt && !trace.handlerEnd) open.push("the handler");
    const observed = trace.told.server.length > 0;
    if (observed && !trace.served) open.push("the observer");
    return open.length > 0 ? `never settled: ${open.join(", ")} (${scenario.kind})` : undefined;
  },

  "failures are ConnectErrors": ({ client, handler, header, trailer }) => {
    const ops: { settlement: Op<string>["settlement"] }[] = [...client, ...handler];
    for (const { settlement } of [...ops, { settlement: header }, { settlement: trailer }]) {
      if (settlement?.status !== "rejected") continue;
      if (!(settlement.reason instanceof ConnectError)) return String(settlement.reason);
    }
    return undefined;
  },

  "the outcome has a cause": (t) => {
    const { code, endedBy, error } = t.outcome ?? {};
    const allowed = possibleOutcomes(t);
    const found = `${nameOf(code)} by ${endedBy}`;
    if (!allowed.has(found)) return `${found} (${error}), not one of: ${[...allowed].join("; ")}`;
    return undefined;
  },

  "a handler's error arrives whole, and nothing of other errors": (t) => {
    const error = t.outcome?.error;
    if (error?.code === thrownError.code) {
      if (error.rawMessage !== thrownError.rawMessage) return `message ${error.rawMessage}`;
      if (error.metadata.get("x-why") !== "model") return "without its metadata";
      const { least, most } = missing(downward(t));
      const cancelled = t.givenUpAt !== undefined;
      if (t.scenario.kind !== "upload" && (least > 0 || most < 0) && !cancelled) {
        return `without ${least} messages`;
      }
    }
    return JSON.stringify(String(error)).includes(SECRET) ? "told the secret" : undefined;
  },

  "a client's recv fails as the call did": (t) => {
    for (const { act, settlement } of t.client) {
      if (!act.startsWith("recv") && act !== "half-close") continue;
      if (settlement?.status !== "rejected") continue;
      const code = codeOf(settlement.reason);
      if (act === "recv, briefly" && code === Code.DeadlineExceeded) continue;
      if (code === t.outcome?.code) continue;
      // What a client that gave up had not read is lost.
      if (code === Code.Canceled && t.givenUpAt !== undefined) continue;
      return `${act}: ${settlement.reason}, but the outcome is ${nameOf(t.outcome?.code)}`;
    }
    return undefined;
  },

  "a client's send fails as the call did, or because it came too late": (t) => {
    const halfClosedAt = t.client.find(({ act }) => act === "half-close")?.at;
    for (const op of t.client) {
      const { act, at, settlement } = op;
      if (act !== "send" || !settlement || isRefusal(op)) continue;
      const late = halfClosedAt !== undefined && at > halfClosedAt;
      const over = t.outcomeAt !== undefined && at > t.outcomeAt;
      if (settlement.status === "fulfilled") {
        if (late || over) return "accepted after the end";
        continue;
      }
      const code = codeOf(settlement.reason);
      const ended = t.outcome?.code ?? Code.FailedPrecondition;
      if (code === ended || (late && code === Code.FailedPrecondition)) continue;
      return `${settlement.reason}, but the outcome is ${nameOf(t.outcome?.code)}`;
    }
    return undefined;
  },

  "a handler's signal aborts once, for a cause, and not on success": (t) => {
    if (t.aborts.length > 1) return `${t.aborts.length} times`;
    const [reason] = t.aborts;
    if (!reason) return undefined;
    const code = codeOf(reason);
    if (code === Code.DeadlineExceeded && t.scenario.timeoutMs !== undefined) return undefined;
    if (code === Code.Canceled && (t.givenUpAt ?? t.cutAt) !== undefined) return undefined;
    if (code === Code.Canceled && clientMayOverflow(t)) return undefined;
    if (code === Code.ResourceExhausted && serverMayOverflow(t)) return undefined;
    // A client past its deadline cancels, and its cancel may arrive before the server's own timer.
    if (code === Code.Canceled && t.scenario.timeoutMs !== undefined) return undefined;
    return `aborted with ${reason} for no cause`;
  },

  "a handler's recv and send fail as its call did": (t) => {
    const aborted = t.aborts[0] && codeOf(t.aborts[0]);
    const end = t.handlerEnd;
    for (const op of t.handler) {
      const { act, settlement, settledAt } = op;
      if (settlement?.status !== "rejected" || isRefusal(op)) continue;
      const code = codeOf(settlement.reason);
      if (act === "recv, briefly" && code === Code.DeadlineExceeded) continue;
      if (act === "answer" && code === Code.Internal) continue;
      if (aborted !== undefined && code === aborted) continue;
      const afterEnd = end && (settledAt === undefined || settledAt > end.at);
      const endCodes = [Code.Canceled, thrownError.code, Code.Internal];
      if (afterEnd && code !== undefined && endCodes.includes(code)) continue;
      return `${act}: ${settlement.reason}, signal ${nameOf(aborted)}, handler ${end?.act}`;
    }
    return undefined;
  },

  "a call that a queue ends says which": ({ outcome }) => {
    if (outcome?.code !== Code.ResourceExhausted) return undefined;
    return /^the receive queue overflows: \d+ \w+, configured queues\.receive\.max\w+ is \d+$/.test(
      outcome.error?.rawMessage ?? "",
    )
      ? undefined
      : outcome.error?.rawMessage;
  },

  "header and trailer settle as the call did": ({ header, trailer, outcome }) => {
    for (const settlement of [header, trailer]) {
      if (settlement?.status === "fulfilled") continue;
      if (settlement && outcome?.code === codeOf(settlement.reason)) continue;
      return `${settlement?.reason}, but the outcome is ${nameOf(outcome?.code)}`;
    }
    return undefined;
  },

  "onError is told of every ordinary error, once": ({ handlerEnd, reported, handlerStartedAt }) => {
    const expected = handlerEnd?.act === "throw anything" && handlerStartedAt ? 1 : 0;
    const ordinary = reported.filter(
      (error) => !isMisuse(error) && !isLateSend(error) && !isOverrun(error),
    );
    return ordinary.length === expected ? undefined : `${ordinary.length} times: ${ordinary}`;
  },

  "onError is told of every misuse of sendAndClose, unless the call was aborted": (t) => {
    const answers = t.handler.filter(({ act }) => act === "answer");
    const twice = answers.filter(
      ({ settlement }) => settlement?.status === "rejected" && isMisuse(settlement.reason),
    ).length;
    // An answer just after the return may come before somebody looks for it.
    const forgotten = returnedWithout(answers, t);
    const surely = forgotten && answers.length === 0;
    const least = t.aborts.length > 0 ? 0 : twice + Number(surely);
    const misuses = t.reported.filter(isMisuse);
    const told = misuses.length >= least && misuses.length <= twice + Number(forgotten);
    return told ? undefined : `${misuses.length} times: ${misuses}`;
  },

  "onError is told of what a handler sends after its return, at most once": (t) => {
    const { at = Number.POSITIVE_INFINITY } = t.handlerEnd ?? {};
    const late = t.handler.filter((op) => isSend(op.act) && op.at > at).length;
    const told = t.reported.filter(isLateSend).length;
    return told <= Math.min(late, 1) ? undefined : `${told} times of ${late}`;
  },

  "nobody listens to the client's signal after the end": ({ listenersLeft }) =>
    listenersLeft > 0 ? `${listenersLeft} do` : undefined,
};

/** Whether an upload's handler returned before it answered. */
function returnedWithout(answers: readonly Op<string>[], { scenario, handlerEnd }: Trace): boolean {
  if (scenario.kind !== "upload" || handlerEnd?.act !== "return") return false;
  return answers.every(({ at }) => at > handlerEnd.at);
}

function isSend(act: string): boolean {
  return act === "send" || act === "answer";
}

function isLateSend(error: unknown): boolean {
  return error instanceof Error && error.message.includes(" sent a message after it had returned");
}

/** What a handler is told that answered twice or not at all. */
function isMisuse(error: unknown): boolean {
  return error instanceof ConnectError && /sendAndClose( twice)?$/.test(error.rawMessage);
}
