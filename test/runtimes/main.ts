// SPDX-License-Identifier: Apache-2.0
// Runs the examples' scenarios on every runtime and entry point, and compares docs/runtimes.md with
// what came of it; --write writes it. The first argument is a folder with the packages `bun`, `deno`
// and `workerd`; --only=TEXT runs the rows whose names have that text, and compares nothing.
import { readFileSync, writeFileSync } from "node:fs";
import { bundle } from "./bundle.js";
import { type Row, type Runtime, rowsOf } from "./cells.js";
import type { ScenarioResult } from "./client-program.js";
import { page, type RowResults, type RuntimeResults } from "./page.js";
import { programsIn, versionOf } from "./programs.js";
import { runRow } from "./run-row.js";

const [folder = "", ...flags] = process.argv.slice(2);
const only = flags.find((flag) => flag.startsWith("--only="))?.slice("--only=".length);
const isWanted = ({ runtime, entryPoint }: Row) =>
  only === undefined || `${runtime} ${entryPoint}`.includes(only);

const programs = programsIn(folder);
const bundles = await bundle();
const all: RuntimeResults[] = [];
const runtimes: readonly Runtime[] = ["Node.js", "Bun", "Deno", "workerd"];
for (const runtime of runtimes) {
  const rows: RowResults[] = [];
  for (const row of rowsOf(runtime).filter(isWanted)) {
    const results = await runTwice(row);
    console.log(`${runtime}: ${row.entryPoint}`);
    for (const { column, failure } of results) {
      console.log(`  ${column}: ${failure === undefined ? "ok" : `FAILED, ${failure}`}`);
    }
    rows.push({ row, results });
  }
  all.push({ runtime, version: await versionOf(runtime, programs), rows });
}

/** What has failed is run again: a machine that is busy is not the runtime's fault. */
async function runTwice(row: Row): Promise<ScenarioResult[]> {
  const first = await runRow(row, programs, bundles);
  const failed = first.filter(({ failure }) => failure !== undefined);
  if (failed.length === 0) return first;
  const columns = failed.map(({ column }) => column);
  console.log(`${row.runtime}: ${row.entryPoint}: again, ${columns.join(", ")}`);
  const second = await runRow({ ...row, columns }, programs, bundles);
  return first.map((one) => second.find(({ column }) => column === one.column) ?? one);
}

if (only === undefined) {
  const file = new URL("../../docs/runtimes.md", import.meta.url);
  const text = page(all);
  if (flags.includes("--write")) writeFileSync(file, text);
  else if (readFileSync(file, "utf8") !== text) {
    console.error("docs/runtimes.md says something else. It should be:\n");
    console.error(text);
    process.exitCode = 1;
  }
}
