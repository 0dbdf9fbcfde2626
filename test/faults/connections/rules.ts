// SPDX-License-Identifier: Apache-2.0
import { getEventListeners } from "node:events";
import { Code } from "@connectrpc/connect";
import { vi } from "vitest";
import { type Call, HANDLER_CODE } from "./call.js";
import { AGE_GRACE_MS, DRAIN_GRACE_MS, type World } from "./world.js";

/** Refusals after which a call fails: it is made again once. */
const REFUSALS = 2;

/** What must hold when all calls have had time to end. */
export function checkCalls(world: World): void {
  for (const call of world.calls) {
    const broken = ruleBrokenBy(call, world);
    if (broken !== undefined) throw new Error(`call ${call.id}: ${broken} ${describe(call)}`);
  }
  const others = world.problems.filter((message) => message !== "too_many_pings");
  if (others.length > 0) throw new Error(`our client broke a rule: ${others[0]}`);
}

/** What must be left of it all when it has been closed: nothing. */
export function checkClosed(world: World): void {
  const left = [
    [vi.getTimerCount(), "timers"],
    [world.network.openSockets, "sockets"],
    [world.calls.filter(({ isRunning }) => isRunning).length, "handlers"],
  ] as const;
  for (const [count, what] of left) {
    if (count > 0) throw new Error(`${count} ${what} are left`);
  }
}

function ruleBrokenBy(call: Call, world: World): string | undefined {
  const { settled, runs, abort } = call;
  if (!settled) return "it hangs";
  if (runs > 1) return `its handler has run ${runs} times`;
  if (call.isRunning) return "its handler goes on";
  if (getEventListeners(abort.signal, "abort").length > 0) return "its signal has listeners";
  if (call.misled) return "its drain signal did not tell the truth";
  if (call.heard.some((text, i) => text !== String(i))) return `it heard ${call.heard}`;
  return settled.code === undefined ? falseSuccess(call) : falseFailure(call, settled.code, world);
}

function falseSuccess(call: Call): string | undefined {
  const { id, settled, answered, served, accepted, heard } = call;
  if (answered !== "return" && answered !== "left") return "a success without an answer";
  if (answered === "left" && heard.length !== accepted)
    return `a goodbye after ${heard.length} of ${accepted} messages`;
  if (settled?.texts.join() !== id) return `a success with ${settled?.texts.join()}`;
  return served?.code === undefined ? undefined : "a success that has failed for the server";
}

function falseFailure(call: Call, code: Code, world: World): string | undefined {
  switch (code) {
    case Code.Canceled:
      return call.abort.signal.aborted ? undefined : "a cancel of nobody";
    case Code.DeadlineExceeded:
      return call.traits.hasDeadline ? undefined : "a deadline of nobody";
    case HANDLER_CODE:
      return call.answered === "throw" ? undefined : "an error of no handler";
    case Code.Unavailable:
      return isExcused(call, world) ? undefined : "unavailable without a reason";
    default:
      return "an error that nothing here has";
  }
}

/** Whether something happened to the call that makes it unavailable. */
function isExcused(call: Call, world: World): boolean {
  const { settled, faultsBefore, refusals } = call;
  const hasFault = settled !== undefined && settled.faults > faultsBefore;
  // Calls fail at once while the next attempt to connect is far off.
  const backsOff = faultsBefore > 0 && call.runs === 0;
  const isRefused = refusals >= REFUSALS || findsSlotTaken(call, world);
  return hasFault || backsOff || isRefused || isOverGrace(call, world);
}

/** Whether a server of ours refused it: the slot of a call that was given up lasts until its handler ends. */
function findsSlotTaken({ settled }: Call, { calls }: World): boolean {
  const isRefused = settled?.error?.message.includes("REFUSED_STREAM") === true;
  return isRefused && calls.some(({ abort, traits }) => abort.signal.aborted || traits.hasDeadline);
}

/** Whether its time was over: that of an old connection, or of a server that drains. */
function isOverGrace(call: Call, { setup, drains }: World): boolean {
  const { settled, startedAt, runs, traits } = call;
  if (!settled || runs === 0) return false;
  const isOld = setup.maxAgeMs !== undefined && settled.at - startedAt >= AGE_GRACE_MS;
  // A handler that leaves has no use for the grace time.
  return isOld || (!traits.leaves && drains.some((at) => settled.at >= at + DRAIN_GRACE_MS));
}

function describe({ settled, runs, refusals, answered, served, traits }: Call): string {
  const said = settled?.error?.message;
  return JSON.stringify({ ...traits, runs, refusals, answered, said, served: served?.code });
}
