// SPDX-License-Identifier: Apache-2.0
import { clientMayOverflow, nameOf, serverMayOverflow } from "./facts.js";
import { thrownError } from "./puppet.js";
import type { Trace } from "./trace.js";

/** All ways in which a call may have ended, by what was done to it. */
export function possibleOutcomes(trace: Trace): Set<string> {
  const { givenUpAt, cutAt, handlerEnd, scenario } = trace;
  const possible = new Set<string>();
  if (scenario.timeoutMs !== undefined) {
    possible.add("DeadlineExceeded by deadline").add("DeadlineExceeded by server");
  }
  if (givenUpAt !== undefined) possible.add("Canceled by client");
  if (clientMayOverflow(trace)) possible.add("ResourceExhausted by client");
  if (serverMayOverflow(trace)) possible.add("ResourceExhausted by server");
  if (cutAt !== undefined) possible.add("Unavailable by connection");
  // When its answer was on its way, only a reset could tell that the time was up.
  if (scenario.unary?.late && scenario.timeoutMs !== undefined && handlerEnd) {
    possible.add("Unavailable by connection").add("Canceled by server");
  }
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
