// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { violations } from "./check.js";
import { Stage } from "./execute.js";
import { type Scenario, sample, scenarios } from "./scenario.js";
import type { Op, Trace } from "./trace.js";

/** Scenarios that are played side by side: enough to keep both cores busy. */
const BATCH = 100;

/** Times to shrink a scenario that fails alone. */
const MAX_SHRINKS = 300;

export interface ModelRun {
  readonly seed: number;
  readonly count: number;
  /** Play only this one of the scenarios. */
  readonly index?: number;
  /** Told now and then how far it got. */
  readonly onProgress?: (played: number, seconds: number) => void;
}

/** Plays scenarios and checks them. Resolves to a report of each failure, at most a few. */
export async function runModel({ seed, count, index, onProgress }: ModelRun): Promise<string[]> {
  const all = sample(seed, count);
  await using stage = await Stage.open();
  if (index !== undefined) {
    const scenario = all[index];
    if (!scenario) throw new Error(`there is no scenario ${index}`);
    return failuresOf(await stage.play([scenario]), seed, index);
  }
  const start = performance.now();
  for (let from = 0; from < all.length; from += BATCH) {
    const failures = failuresOf(await stage.play(all.slice(from, from + BATCH)), seed, from);
    if (failures.length > 0) return [...failures, await shrunk(failures.length, all, from, stage)];
    onProgress?.(Math.min(all.length, from + BATCH), (performance.now() - start) / 1000);
  }
  return [];
}

function failuresOf(traces: readonly Trace[], seed: number, from: number): string[] {
  return traces.flatMap((trace, i) => {
    const faults = violations(trace);
    return faults.length > 0
      ? [
          `${faults.join("\n")}\n${describe(trace)}\nreplay: npm run model -- --seed ${seed} --index ${from + i}`,
        ]
      : [];
  });
}

/** The smallest scenario that fails by itself, found from the first that failed in company. */
async function shrunk(
  failed: number,
  all: readonly Scenario[],
  from: number,
  stage: Stage,
): Promise<string> {
  for (const scenario of all.slice(from, from + BATCH)) {
    const fails = async (candidate: Scenario) =>
      violations((await stage.play([candidate]))[0] as Trace).length > 0;
    if (!(await fails(scenario))) continue;
    let shrinks = 0;
    const details = await fc.check(
      fc.asyncProperty(scenarios, async (candidate) => {
        if (shrinks++ > MAX_SHRINKS) return true;
        return !(await fails(candidate));
      }),
      { examples: [[scenario]], numRuns: 1 },
    );
    return `alone and shrunk: ${JSON.stringify(details.counterexample?.[0] ?? scenario)}`;
  }
  return `${failed} failed in company, none of them alone`;
}

function describe(trace: Trace): string {
  const line = (side: string) => (op: Op<string>) => ({
    at: op.at,
    text: `${op.at} ${side} ${op.act} ${op.number ?? ""} -> ${settled(op)}`,
  });
  const ops = [...trace.client.map(line("client")), ...trace.handler.map(line("handler"))];
  const { givenUpAt, cutAt, handlerStartedAt, handlerEnd, outcomeAt, outcome, aborts } = trace;
  return [
    JSON.stringify(trace.scenario),
    ...ops.sort((a, b) => a.at - b.at).map(({ text }) => text),
    JSON.stringify({ givenUpAt, cutAt, handlerStartedAt, handlerEnd, outcomeAt }),
    `outcome: ${outcome?.error ?? outcome?.endedBy}, aborts: ${aborts.join("; ")}`,
  ].join("\n");
}

function settled({ settlement, settledAt }: Op<string>): string {
  if (!settlement) return "never";
  if (settlement.status === "rejected") return `${settlement.reason} (${settledAt ?? "?"})`;
  const { value } = settlement;
  const what = value instanceof Object && "number" in value ? `message ${value.number}` : value;
  return `${what} (${settledAt ?? "?"})`;
}
