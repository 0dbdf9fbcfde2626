// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chooseCases, contestantsOf } from "./cases.js";
import { idleTable, stoppedReaderTable } from "./memory.js";
import { type BenchOptions, parseOptions, usage } from "./options.js";
import { caseTable } from "./report.js";
import { type Measured, targetTable } from "./targets.js";
import { Arena } from "./throughput.js";

const memoryTables = { idle: idleTable, "stopped-reader": stoppedReaderTable };

const options = parseOptions(process.argv.slice(2));
if (options.help) console.log(usage);
else if (options.list) console.log([...names(options), ...Object.keys(memoryTables)].join("\n"));
else await bench(options);

function names(chosen: BenchOptions): string[] {
  return chooseCases(chosen).map(({ name }) => name);
}

async function bench(chosen: BenchOptions): Promise<void> {
  compile();
  const arena = new Arena(chosen);
  const measured: Measured[] = [];
  try {
    for (const kase of chooseCases(chosen)) {
      const results = await arena.run(kase, contestantsOf(kase, chosen));
      console.log(caseTable(kase, results));
      measured.push({ kase, results });
    }
    if (measured.length > 0) console.log(targetTable(measured));
  } finally {
    arena.stop();
  }
  for (const [name, measure] of Object.entries(memoryTables)) {
    if (chosen.only.test(name)) console.log(await measure(chosen));
  }
}

/** What is measured runs as plain JavaScript, as it would for a user. */
function compile(): void {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const project = fileURLToPath(new URL("tsconfig.json", import.meta.url));
  execFileSync(process.execPath, [tsc, "-p", project], { stdio: "inherit" });
}
