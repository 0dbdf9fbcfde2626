// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The program `connect-stream`. */
import type { Command } from "./command.js";
import { commands } from "./commands.js";
import { complete } from "./complete.js";
import { CliError, exit, UsageError } from "./exit.js";
import { type Io, processIo } from "./io.js";
import { hint, optionLines } from "./options.js";
import { VERSION } from "./version.js";

/** Runs the program, with the arguments of this process if there are no others, and sets the exit code. */
export async function main(args: readonly string[] = process.argv.slice(2)): Promise<void> {
  const io = processIo();
  const name = args[0] ?? "";
  try {
    process.exitCode = await run(args, io);
  } catch (error) {
    process.exitCode = fail(
      error,
      Object.hasOwn(commands, name) ? `connect-stream ${name}` : "connect-stream",
      io,
    );
  }
}

async function run([name, ...args]: readonly string[], io: Io): Promise<number> {
  switch (name) {
    case undefined:
      io.note(usage());
      return exit.usage;
    case "--help":
    case "-h":
    case "help":
      await io.write(args[0] === undefined ? usage() : helpOf(args[0], find(args[0])));
      return exit.ok;
    case "--version":
      await io.write(`connect-stream ${VERSION}\n`);
      return exit.ok;
  }
  if (name === COMPLETE) return answer(args[0] ?? "", io);
  const command = find(name);
  if (!asksForHelp(args)) return command.run(args, io);
  await io.write(helpOf(name, command));
  return exit.ok;
}

/** What the scripts of `completion` call. */
const COMPLETE = "__complete";

/** What fails has no candidates; a shell is no place for its message. */
async function answer(line: string, io: Io): Promise<number> {
  const found = await complete(line, io).catch(() => []);
  await io.write(found.map((word) => `${word}\n`).join(""));
  return exit.ok;
}

function find(name: string): Command {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command) return command;
  const names = Object.keys(commands);
  const what = name.startsWith("-") ? "option" : "command";
  const known = hint(name, names) || `; known: ${names.join(", ")}`;
  throw new UsageError(`unknown ${what} ${name}${known}`);
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  const before = end < 0 ? args : args.slice(0, end);
  return before.includes("--help") || before.includes("-h");
}

function usage(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(
    ([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}\n`,
  );
  return `connect-stream COMMAND …

Commands:
${lines.join("")}
connect-stream COMMAND --help  shows what a command takes
connect-stream --version       shows the version
`;
}

function helpOf(name: string, { usage, summary, help, options }: Command): string {
  const head = ["connect-stream", name, "[options]", usage].filter(Boolean).join(" ");
  const text = help.trim();
  const about = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
  return `${head}\n\n${about}\n${text && `\n${text}\n`}\nOptions:\n${optionLines(options)}`;
}

/** Says what failed, and gives the exit code. A mistake of ours comes with its stack. */
function fail(error: unknown, program: string, io: Io): number {
  if (!(error instanceof CliError)) {
    const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
    io.note(`${program}: this is a bug, please report it\n${details}`);
    return exit.failed;
  }
  const more = error instanceof UsageError ? `\nsee ${program} --help` : "";
  io.note(`${program}: ${error.message}${more}`);
  return error.exitCode;
}
