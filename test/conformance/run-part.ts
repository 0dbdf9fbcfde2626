// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { root, runner } from "./prepare.js";
import type { Part } from "./suites.js";

/** A case that failed, and what the runner says of it. */
export interface Failure {
  readonly name: string;
  readonly text: string;
}

/** What became of one run of the runner. */
export interface PartResult {
  readonly passed: number;
  readonly failures: readonly Failure[];
  /** Everything the runner printed. */
  readonly output: string;
}

/** Runs one part. Resolves when the runner has ended, by itself or at the time limit. */
export async function runPart({ args, limitMs }: Part): Promise<PartResult> {
  const child = spawn(runner, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
  let output = "";
  const gather = (chunk: Buffer): void => {
    output += chunk;
  };
  child.stdout.on("data", gather);
  child.stderr.on("data", gather);
  await new Promise<void>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => resolve());
  });
  clearTimeout(timer);
  return { ...parse(output), output };
}

function parse(output: string): Omit<PartResult, "output"> {
  const [, passed] = /^(\d+) passed, \d+ failed/m.exec(output) ?? [];
  // A failed case is a line with its name, and then indented lines.
  const failures = [...output.matchAll(/^FAILED: (.*?):?\n((?:[\t ].*\n)*)/gm)].map(
    ([, name = "", text = ""]) => ({ name, text: text.trimEnd() }),
  );
  return { passed: Number(passed ?? 0), failures };
}
