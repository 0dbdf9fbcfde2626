// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The built program. */
export const program: string = fileURLToPath(
  new URL("../../cli/bin/connect-stream", import.meta.url),
);

/** What a run of the program has left. */
export interface CliResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Starts the built program. `input`: all of standard input; `null` leaves it open. */
export function startCli(
  args: readonly string[],
  input: string | null = "",
): { child: ChildProcess; result: Promise<CliResult> } {
  const child = spawn(process.execPath, [program, ...args], { stdio: "pipe" });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  // A program that has ended does not read.
  child.stdin.on("error", () => undefined);
  if (input !== null) child.stdin.end(input);
  const result = new Promise<CliResult>((resolve) => {
    child.on("close", (code) => resolve({ code, out, err }));
  });
  return { child, result };
}

/** Runs the built program to its end. */
export function runCli(args: readonly string[], input?: string): Promise<CliResult> {
  return startCli(args, input).result;
}
