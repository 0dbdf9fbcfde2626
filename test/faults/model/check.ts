// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Sections 3 and 4 of the contract as rules over what a call did. */
import { Code, ConnectError } from "@connectrpc/connect";
import type { Note } from "../../support/gen/lab/v1/lab_pb.js";
import { SECRET, thrownError } from "./puppet.js";
import type { Op, Trace } from "./trace.js";

/** Says what is wrong, if anything. */
type Rule = (trace: Trace) => string | undefined;

const rules: Record<string, Rule> = {
  "everything settles": ({ scenario, client, handler, outcome, header, trailer, ...trace }) => {
    const ops: Op<string>[] = [...client, ...handler];
    const open = ops.filter(({ settlement }) => !settlement).map(({ act }) => act);
    if (!outcome) open.push("outcome");
    if (!header) open.push("header");
    if (!trailer) open.push("trailer");
    if (trace.handlerStartedAt && !trace.handlerEnd) open.push("the handler");
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

  "the client receives what the server sent, in order and without a gap": ({ client, handler }) =>
    notAPrefix(received(client), accepted(handler)),

  "the server receives what the client sent, in order and without a gap": ({ client, handler }) =>
    notAPrefix(received(handler), accepted(client)),

  "the end comes as a value only after the handler has returned, and after every message": (t) => {
    if (!t.client.some(isEnd)) return undefined;
    if (t.handlerEnd?.act !== "return") return `an end, but the handler did ${t.handlerEnd?.act}`;
    if (t.outcome?.code !== undefined) return `an end, but the outcome is ${t.outcome.code}`;
    const [got, sent] = [received(t.client).length, accepted(t.handler).length];
    return got === sent ? undefined : `an end after ${got} of ${sent} messages`;
  },

  "after the end there is only the end": ({ client, handler }) => {
    for (const ops of [client, handler] as Op<string>[][]) {
      const recvs = ops.filter(({ act }) => act === "recv" || act === "recv, briefly");
      const first = recvs.findIndex(isEnd);
      if (first < 0) continue;
      const after = recvs
        .slice(first)
        .filter(({ settlement }) => settlement?.status === "fulfilled");
      if (after.some((op) => !isEnd(op))) return "a message after the end";
    }
    return undefined;
  },

  "a handler sees the end only after a half-close, never after a cancel": (t) => {
    const end = t.handler.find(isEnd);
    if (!end) return undefined;
    const halfClose = t.client.find(({ act }) => act === "half-close");
    if (!halfClose) return "an end without a half-close";
    if (t.givenUpAt && t.givenUpAt < halfClose.at) return "an end after a cancel";
    const [got, sent] = [received(t.handler).length, accepted(t.client).length];
    return got === sent ? undefined : `an end after ${got} of ${sent} messages`;
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
      const [got, sent] = [received(t.client).length, accepted(t.handler).length];
      const cancelled = t.givenUpAt !== undefined;
      if (t.scenario.kind !== "upload" && got !== sent && !cancelled) {
        return `after ${got} of ${sent} messages`;
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
    for (const { act, at, settlement } of t.client) {
      if (act !== "send" || !settlement) continue;
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
    // A client past its deadline cancels, and its cancel may arrive before the server's own timer.
    if (code === Code.Canceled && t.scenario.timeoutMs !== undefined) return undefined;
    return `aborted with ${reason} for no cause`;
  },

  "a handler's recv and send fail as its call did": (t) => {
    const aborted = t.aborts[0] && codeOf(t.aborts[0]);
    const end = t.handlerEnd;
    for (const { act, settlement, settledAt } of t.handler) {
      if (settlement?.status !== "rejected") continue;
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

  "traffic counts messages": ({ scenario, client, handler, outcome }) => {
    if (!outcome) return undefined;
    const { sent, received: got, code } = outcome;
    if (scenario.kind !== "download" && sent.messages !== accepted(client).length) {
      return `sent ${sent.messages}, accepted ${accepted(client).length}`;
    }
    const [least, most] = [received(client).length, accepted(handler).length];
    const exact = code === undefined && got.messages !== most;
    return exact || got.messages < least || got.messages > most
      ? `received ${got.messages}, read ${least}, server sent ${most}, code ${nameOf(code)}`
      : undefined;
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
    return reported.length === expected ? undefined : `${reported.length} times: ${reported}`;
  },

  "nobody listens to the client's signal after the end": ({ listenersLeft }) =>
    listenersLeft > 0 ? `${listenersLeft} do` : undefined,
};

/** What is wrong with a call; empty if nothing is. */
export function violations(trace: Trace): string[] {
  return Object.entries(rules).flatMap(([name, rule]) => {
    const fault = rule(trace);
    return fault === undefined ? [] : [`${name}: ${fault}`];
  });
}

/** All ways in which a call may have ended, by what was done to it. */
function possibleOutcomes(trace: Trace): Set<string> {
  const { givenUpAt, cutAt, handlerEnd, scenario } = trace;
  const possible = new Set<string>();
  if (scenario.timeoutMs !== undefined) {
    possible.add("DeadlineExceeded by deadline").add("DeadlineExceeded by server");
  }
  if (givenUpAt !== undefined) possible.add("Canceled by client");
  if (cutAt !== undefined) possible.add("Unavailable by connection");
  const firstCause = Math.min(
    givenUpAt ?? Number.POSITIVE_INFINITY,
    cutAt ?? Number.POSITIVE_INFINITY,
  );
  // A handler that ended after the call was given up, or cut, cannot have ended it.
  if (handlerEnd && handlerEnd.at < firstCause) {
    for (const end of endsOf(trace)) possible.add(`${end} by server`);
  }
  return possible;
}

function endsOf({ handlerEnd, handler, scenario }: Trace): string[] {
  if (handlerEnd?.act === "throw an error") return [nameOf(thrownError.code)];
  if (handlerEnd?.act === "throw anything") return ["Internal"];
  if (scenario.kind !== "upload") return ["success"];
  const answer = handler.find(({ act }) => act === "answer");
  if (!answer) return ["Internal"];
  // One that comes in the same turn as the return may still count.
  return handlerEnd && answer.at < handlerEnd.at ? ["success"] : ["success", "Internal"];
}

/** Numbers of the messages that were accepted, in the order of the sends. */
function accepted(ops: readonly Op<string>[]): number[] {
  return ops.flatMap(({ number, settlement }) =>
    number !== undefined && settlement?.status === "fulfilled" ? [number] : [],
  );
}

/** Numbers of the messages that were received, in the order of the receives. */
function received(ops: readonly Op<string>[]): number[] {
  const seen = new Set<unknown>();
  return ops.flatMap(({ act, number, settlement }) => {
    if (number !== undefined || settlement?.status !== "fulfilled" || !settlement.value) return [];
    // `closeAndRecv` gives the same response each time.
    if (act === "half-close" && seen.has(settlement.value)) return [];
    seen.add(settlement.value);
    return [Number((settlement.value as Note).number)];
  });
}

function isEnd({ act, number, settlement }: Op<string>): boolean {
  const receives = number === undefined && act.startsWith("recv");
  return receives && settlement?.status === "fulfilled" && settlement.value === undefined;
}

function notAPrefix(got: number[], sent: number[]): string | undefined {
  return got.every((number, i) => number === sent[i])
    ? undefined
    : `got ${got.join()}, sent ${sent.join()}`;
}

function codeOf(reason: unknown): Code | undefined {
  return reason instanceof ConnectError ? reason.code : undefined;
}

function nameOf(code: Code | undefined): string {
  return code === undefined ? "success" : (Code[code] ?? String(code));
}
