// SPDX-License-Identifier: Apache-2.0
import { PassThrough } from "node:stream";
import { call } from "../../cli/src/commands/call.js";
import { CliError } from "../../cli/src/exit.js";
import type { Io } from "../../cli/src/io.js";

/** What a command has written, and how it has ended. */
export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `call` within this process, with an empty standard input: many of them take little time. */
export async function runCall(args: readonly string[]): Promise<CommandResult> {
  let [out, err] = ["", ""];
  const note = (line: string) => {
    err += `${line}\n`;
  };
  // Not a terminal: of a stream, the command reads and destroys.
  const streams = {
    stdin: new PassThrough().end(),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
  };
  const io = {
    ...streams,
    env: process.env,
    cwd: process.cwd(),
    signal: new AbortController().signal,
    interrupt: () => undefined,
    note,
    async write(text: string) {
      out += text;
    },
  } as unknown as Io;
  try {
    return { code: await call.run(args, io), out, err };
  } catch (error) {
    // Anything else would be a bug, with its stack.
    if (!(error instanceof CliError)) throw error;
    return { code: error.exitCode, out, err: `${err}${error.message}\n` };
  }
}
