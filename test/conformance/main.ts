// SPDX-License-Identifier: Apache-2.0
/**
 * The Connect conformance suite, on generated code. Arguments: the suites to run (`server`,
 * `client`, `stock`); all without any. Exits with 1 unless everything passes; on Connect-Node's own
 * adapter (`stock`), unless what fails is what is known to fail there, and all of it. Writes the
 * counts to `.tmp/results`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prepare, root } from "./prepare.js";
import { type PartResult, runPart } from "./run-part.js";
import { type Part, type Suite, suites } from "./suites.js";
import { judge } from "./upstream.js";

/** The runner keeps one core busy at times, the program under test another. */
const PARTS_AT_A_TIME = 2;

async function runSuite(suite: Suite): Promise<boolean> {
  const startedAt = performance.now();
  const results: PartResult[] = [];
  for (const step of suite.steps) results.push(...(await runStep(step)));
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failures = results.flatMap((result) => result.failures);
  const { notes, surprises, cured } = judge(failures, suite.faults);
  const notRun = suite.cases - passed - failures.length;
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(
    `${suite.name} (${suite.title}): ${suite.cases} cases, ${passed} passed, ` +
      `${failures.length} failed, ${notRun} not run, ${seconds} s`,
  );
  for (const note of notes) console.log(`  ${note}`);
  for (const { name, text } of surprises) console.log(`  NOT EXPECTED: ${name}\n${text}`);
  if (cured > 0) console.log(`  NOT EXPECTED: ${cured} cases that were to fail did not`);
  // Of a run that broke off there is no more than what it printed.
  if (notRun !== 0) console.log(results.map(({ output }) => output).join(""));
  const faults = surprises.length + cured + Math.abs(notRun);
  writeCounts(suite, passed, faults);
  return faults === 0;
}

/** Runs the parts of a step, in their order. */
async function runStep(step: readonly Part[]): Promise<PartResult[]> {
  const results: PartResult[] = [];
  const waiting = step.values();
  const runWaiting = async () => {
    for (const part of waiting) results.push(await runPart(part));
  };
  await Promise.all(Array.from({ length: PARTS_AT_A_TIME }, runWaiting));
  return results;
}

/** For `.ci/run`, which adds up what all parts of it have counted. */
function writeCounts({ name }: Suite, numPassedTests: number, numFailedTests: number): void {
  const folder = join(root, ".tmp/results");
  mkdirSync(folder, { recursive: true });
  const counts = JSON.stringify({ numPassedTests, numFailedTests });
  writeFileSync(join(folder, `conformance-${name}.json`), counts);
}

prepare();
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) throw new Error(`no such suite: ${unknown.join(", ")}`);
for (const suite of suites) {
  if (asked.length > 0 && !asked.includes(suite.name)) continue;
  if (!(await runSuite(suite))) process.exitCode = 1;
}
