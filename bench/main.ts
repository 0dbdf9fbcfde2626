// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from "node:fs";
import { writeDocs } from "./docs.js";
import { drawChart } from "./draw-chart.js";
import { goalTable } from "./goals.js";
import { measure } from "./measure.js";
import { type BenchOptions, parseOptions, usage } from "./options.js";
import type { Report } from "./results.js";

try {
  await main(parseOptions(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function main(options: BenchOptions): Promise<void> {
  if (options.help) console.log(usage);
  else if (options.list) console.log(names(options).join("\n"));
  else await bench(options);
}

function names({ cases, memory }: BenchOptions): string[] {
  return [...cases.map(({ name }) => name), ...memory];
}

async function bench(chosen: BenchOptions): Promise<void> {
  const report = chosen.from === undefined ? await measure(chosen) : read(chosen.from);
  console.log(goalTable(report));
  if (chosen.json !== undefined) {
    writeFileSync(chosen.json, `${JSON.stringify(report, undefined, 2)}\n`);
  }
  for (const failure of report.failures) console.error(`failed: ${failure}`);
  if (report.failures.length > 0) process.exitCode = 1;
  if (!chosen.docs) return;
  writeDocs(report);
  drawChart();
}

function read(file: string): Report {
  return JSON.parse(readFileSync(file, "utf8"));
}
