// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Rules of handlers that go on after the end of their call. */
import { ConnectError } from "@connectrpc/connect";
import { nameOf, type Rule } from "./facts.js";
import type { OverrunTold } from "./overruns.js";
import type { Trace } from "./trace.js";

const NAMED =
  /^the handler of lab\.v1\.\w+Service\.(\w+) goes on (\d+) ms after the end of its call: pass context\.signal to what it waits for$/;

export const overrunRules: Record<string, Rule> = {
  "a handler that goes on is told of once, and to all alike": (t) => {
    const [reported, observed] = [toldBy(t, "onError"), toldBy(t, "onOverrun")];
    if (reported.length > 1) return `onError ${reported.length} times`;
    const isObserved = t.told.server.length > 0;
    return isObserved && observed.length !== reported.length
      ? `onError ${reported.length} times, onOverrun ${observed.length}`
      : undefined;
  },

  "a handler is told of only while it goes on after its call": ({ overruns, ...t }) => {
    for (const { by, at } of overruns) {
      if (!t.handlerStartedAt) return `${by}, of a handler that never ran`;
      if (t.handlerEnd && t.handlerEnd.at < at) return `${by}, after the handler's end`;
      if (t.servedAt === undefined ? t.told.server.length > 0 : at < t.servedAt)
        return `${by}, before the end of the call`;
    }
    return undefined;
  },

  "nobody is told sooner than the service says, or where it says never": ({
    overruns,
    scenario: { overrun },
  }) => {
    const [told] = overruns;
    if (!told) return undefined;
    if (!overrun || overrun.ms === 0) return `${told.by}, with ${overrun?.ms}`;
    const wrong = overruns.find(({ error, ms }) => (ms ?? saidMs(error)) !== overrun.ms);
    return wrong && `${wrong.by}: ${wrong.error?.message ?? wrong.ms}`;
  },

  "who is told of a handler learns its RPC, and why its call ended": (t) => {
    for (const { error } of toldBy(t, "onError")) {
      const method = NAMED.exec(error?.message ?? "")?.[1]?.toLowerCase();
      const expected = t.scenario.unary?.get ? "look" : t.scenario.kind;
      if (method !== expected) return `${error?.message}`;
      const cause = error?.cause;
      if (!(cause instanceof ConnectError)) return `cause ${cause}`;
      if (t.served && t.served.code !== cause.code) {
        return `cause ${nameOf(cause.code)}, served ${nameOf(t.served.code)}`;
      }
    }
    return undefined;
  },

  "who waits for the end of a handler that goes on learns of it": (t) =>
    toldBy(t, "onOverrun").some(({ ended }) => !ended) ? "it never came" : undefined,
};

function toldBy({ overruns }: Trace, who: OverrunTold["by"]): OverrunTold[] {
  return overruns.filter(({ by }) => by === who);
}

function saidMs(error: Error | undefined): number {
  return Number(NAMED.exec(error?.message ?? "")?.[2]);
}
