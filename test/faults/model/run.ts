// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { violations } from "./check.js";
import { Stage } from "./execute.js";
import type { Happened } from "./happened.js";
import type { Scenario } from "./scenario.js";
import { sample, scenarios } from "./scenarios.js";
import type { Op, Trace } from "./trace.js";

/** Scenarios that are played side by side: enough to keep both cores busy. */
const BATCH = 100;

/** Times to shrink a scenario that fails alone. */
const MAX_SHRINKS = 300;

/** How long that may take, in milliseconds: one that hangs takes its time. */
const MAX_SHRINK_MS = 60_000;

export interface ModelRun {
  readonly seed: number;
  readonly count: number;
  /** Play only this one of the scenarios. */
  readonly index?: number;
  /** Play unary calls alone. */
  readonly only?: "unary" | undefined;
  /** Counts what happens. */
  readonly happened?: Happened;
  /** Told now and then how far it got. */
  readonly onProgress?: (played: number, seconds: number) => void;
}

/** Plays scenarios and checks them. Resolves to a report of each failure, at most a few. */
export async function runModel(run: ModelRun): Promise<string[]> {
  const { seed, count, index, only, happened, onProgress } = run;
  const all = sample(seed, count, only);
  await using stage = await Stage.open();
  if (index !== undefined) {
    const scenario = all[index];
    if (!scenario) throw new Error(`there is no scenario ${index}`);
    return failuresOf(await stage.play([scenario]), run, index);
  }
  const start = performance.now();
  for (let from = 0; from < all.length; from += BATCH) {
    const traces = await stage.play(all.slice(from, from + BATCH));
    happened?.add(traces);
    const failures = failuresOf(traces, run, from);
    if (failures.length > 0) return [...failures, await shrunk(failures.length, all, from)];
    onProgress?.(Math.min(all.length, from + BATCH), (performance.now() - start) / 1000);
  }
  return [];
}

function failuresOf(traces: readonly Trace[], { seed, only }: ModelRun, from: number): string[] {
  return traces.flatMap((trace, i) => {
    const faults = violations(trace);
    return faults.length > 0
      ? [
          `${faults.join("\n")}\n${describe(trace)}\nreplay: npm run model -- ${only ? `--${only} ` : ""}--seed ${seed} --index ${from + i}`,
        ]
      : [];
  });
}

/** The smallest scenario that fails by itself, found from the first that failed in company. */
async function shrunk(failed: number, all: readonly Scenario[], from: number): Promise<string> {
  const start = performance.now();
  for (const scenario of all.slice(from, from + BATCH)) {
    if (performance.now() - start > MAX_SHRINK_MS) break;
    if (!(await failsAlone(scenario))) continue;
    let shrinks = 0;
    const details = await fc.check(
      fc.asyncProperty(scenarios, async (candidate) => {
        if (shrinks++ > MAX_SHRINKS || performance.now() - start > MAX_SHRINK_MS) return true;
        return !(await failsAlone(candidate));
      }),
      { examples: [[scenario]], numRuns: 1 },
    );
    return `alone and shrunk: ${JSON.stringify(details.counterexample?.[0] ?? scenario)}`;
  }
  return `${failed} failed in company, none of them alone`;
}

/** On a stage of its own: a call that hangs would be in the way of the next. */
async function failsAlone(scenario: Scenario): Promise<boolean> {
  await using stage = await Stage.open();
  const traces = await stage.play([scenario]);
  return traces.some((trace) => violations(trace).length > 0);
}

function describe(trace: Trace): string {
  const line = (side: string) => (op: Op<string>) => ({
    at: op.at,
    text: `${op.at} ${side} ${op.act} ${op.message?.number ?? ""} -> ${settled(op)}`,
  });
  const ops = [...trace.client.map(line("client")), ...trace.handler.map(line("handler"))];
  const {
    givenUpAt,
    cutAt,
    handlerStartedAt,
    handlerEnd,
    outcomeAt,
    outcome,
    aborts,
    served,
    told,
  } = trace;
  return [
    JSON.stringify(trace.scenario),
    ...ops.sort((a, b) => a.at - b.at).map(({ text }) => text),
    JSON.stringify({ givenUpAt, cutAt, handlerStartedAt, handlerEnd, outcomeAt }),
    `outcome: ${outcome?.error ?? outcome?.endedBy}, aborts: ${aborts.join("; ")}`,
    `server: ${served?.error ?? served?.endedBy}, told ${JSON.stringify(told)}`,
  ].join("\n");
}

function settled({ settlement, settledAt }: Op<string>): string {
  if (!settlement) return "never";
  if (settlement.status === "rejected") return `${settlement.reason} (${settledAt ?? "?"})`;
  const { value } = settlement;
  const what = value instanceof Object && "number" in value ? `message ${value.number}` : value;
  return `${what} (${settledAt ?? "?"})`;
}
