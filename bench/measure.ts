// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Arena } from "./arena.js";
import { type Contestant, contestantsOf } from "./contestants.js";
import { buildGoPeers } from "./go.js";
import { measureMemory } from "./memory.js";
import type { BenchOptions } from "./options.js";
import { isGo } from "./peers/peer.js";
import { caseTable, memoryTable } from "./report.js";
import type { Report } from "./results.js";
import { machine, versionsOf } from "./versions.js";

/** Runs the cases that are chosen, and prints each when it is done. Who fails is in the report. */
export async function measure(options: BenchOptions): Promise<Report> {
  compile();
  const contestants = available(options.contestants);
  const chosen = { ...options, contestants };
  const { quick, rounds, ms, nodeFlags } = options;
  const report: Report = {
    versions: versionsOf(contestants),
    machine: machine(),
    ...{ quick, rounds, ms, nodeFlags },
    contestants: contestants.map(({ label }) => label),
    cases: [],
    memory: {},
    failures: [],
  };
  await measureCases(chosen, report);
  await measureOpenStreams(chosen, report);
  return report;
}

async function measureCases(options: BenchOptions, report: Report): Promise<void> {
  // The cases of a protocol share processes, which have run no other.
  for (const protocol of ["grpc", "connect", "grpc-web"] as const) {
    const arena = new Arena(options);
    try {
      for (const kase of options.cases.filter(({ setup }) => setup.protocol === protocol)) {
        const results = await arena.run(kase, contestantsOf(kase, options.contestants));
        if (results.length === 0) continue;
        console.log(caseTable(kase, results));
        report.cases.push({ name: kase.name, results });
        for (const { label, error } of results) {
          if (error !== undefined) report.failures.push(`${kase.name}, ${label}: ${error}`);
        }
      }
    } finally {
      arena.stop();
    }
  }
}

async function measureOpenStreams(options: BenchOptions, report: Report): Promise<void> {
  for (const name of options.memory) {
    const result = await measureMemory[name](options, (peer, error) => {
      report.failures.push(`${name}, ${peer}: ${String(error)}`);
    });
    report.memory[name] = result;
    console.log(`### ${name}: ${result.title}\n\n${memoryTable(result)}\n`);
  }
}

/** Without the Go peers, where there is no Go; says so. */
function available(contestants: readonly Contestant[]): readonly Contestant[] {
  const needsGo = ({ server, client }: Contestant) => isGo(server) || isGo(client);
  if (!contestants.some(needsGo)) return contestants;
  const missing = buildGoPeers();
  if (missing === undefined) return contestants;
  const skipped = contestants.filter(needsGo).map(({ label }) => label);
  console.log(`skipped: ${skipped.join(", ")}: ${missing}\n`);
  return contestants.filter((contestant) => !needsGo(contestant));
}

/** What is measured runs as plain JavaScript, as it would for a user. */
function compile(): void {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const project = fileURLToPath(new URL("tsconfig.json", import.meta.url));
  execFileSync(process.execPath, [tsc, "-p", project], { stdio: "inherit" });
}
