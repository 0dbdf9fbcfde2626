// SPDX-License-Identifier: Apache-2.0
/**
 * The Connect conformance suite, on generated code. Arguments: the suites to run (`server`,
 * `client`, `stock`); all without any. Exits with 1 unless everything passes; on Connect-Node's own
 * adapter (`stock`), unless what fails is known to be Connect-Node's.
 */
import { prepare } from "./prepare.js";
import { type Failure, type PartResult, runPart } from "./run-part.js";
import { type Suite, suites } from "./suites.js";
import { upstreamReason } from "./upstream.js";

async function runSuite(suite: Suite): Promise<boolean> {
  const startedAt = performance.now();
  const results: PartResult[] = [];
  for (const step of suite.steps) results.push(...(await Promise.all(step.map(runPart))));
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failures = results.flatMap((result) => result.failures);
  const notRun = suite.cases - passed - failures.length;
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(
    `${suite.name} (${suite.title}): ${suite.cases} cases, ${passed} passed, ` +
      `${failures.length} failed, ${notRun} not run, ${seconds} s`,
  );
  return suite.name === "stock"
    ? explain(failures, notRun)
    : report(failures, notRun, results.map(({ output }) => output).join(""));
}

function report(failures: readonly Failure[], notRun: number, output: string): boolean {
  if (failures.length === 0 && notRun === 0) return true;
  console.log(output);
  return false;
}

/** Lists what Connect-Node fails, with reasons. True if there are no others. */
function explain(failures: readonly Failure[], notRun: number): boolean {
  const byReason = new Map<string | undefined, Failure[]>();
  for (const failure of failures) {
    const reason = upstreamReason(failure);
    byReason.set(reason, [...(byReason.get(reason) ?? []), failure]);
  }
  for (const [reason, cases] of byReason) {
    console.log(`\n  ${cases.length} × ${reason ?? "NOT EXPLAINED:"}`);
    for (const { name, text } of cases) console.log(`    ${name}${reason ? "" : `\n${text}`}`);
  }
  return notRun === 0 && !byReason.has(undefined);
}

prepare();
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) throw new Error(`no such suite: ${unknown.join(", ")}`);
for (const suite of suites) {
  if (asked.length > 0 && !asked.includes(suite.name)) continue;
  if (!(await runSuite(suite))) process.exitCode = 1;
}
