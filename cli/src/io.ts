// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What a command has of the process it runs in. */
import { constants } from "node:os";
import { exit } from "./exit.js";

/** Input, output and environment of a command. */
export interface Io {
  readonly stdin: NodeJS.ReadStream;
  /** Results alone. Write with `write`, which knows readers that have gone. */
  readonly stdout: NodeJS.WriteStream;
  /** All else. */
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;

  /**
   * Aborts with an `Interrupt` on SIGINT or SIGTERM, and when nobody reads standard output any more.
   * A process whose command does not ask for it ends at once.
   */
  readonly signal: AbortSignal;

  /** Does what SIGINT does: for Ctrl-C on a terminal that sends none. */
  interrupt(): void;

  /** Writes to standard output. Resolves when it takes more, or when nobody reads it any more. */
  write(text: string): Promise<void>;

  /** Writes a line to standard error. */
  note(line: string): void;
}

/** Why a command is to stop: a signal, or nobody reads what it writes. */
export class Interrupt extends Error {
  /** With what the program exits. */
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The process as `Io`. */
export function processIo(): Io {
  const controller = new AbortController();
  const { stdin, stdout, stderr, env } = process;
  let watched = false;
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    const quiet = error.code === "EPIPE";
    const message = quiet ? "the output was closed" : `cannot write: ${error.message}`;
    controller.abort(new Interrupt(message, quiet ? exit.ok : exit.failed));
    if (!watched) process.exit(quiet ? exit.ok : exit.failed);
  });
  stderr.on("error", () => undefined);
  return {
    stdin,
    stdout,
    stderr,
    env,
    cwd: process.cwd(),
    get signal() {
      if (!watched) abortOnSignals(controller);
      watched = true;
      return controller.signal;
    },
    interrupt: () => interrupt(controller, "SIGINT"),
    write: (text) => writeTo(stdout, text, controller.signal),
    note: (line) => void stderr.write(`${line}\n`),
  };
}

function abortOnSignals(controller: AbortController): void {
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    // Once: the second one ends the process, whatever the command does.
    process.once(name, () => interrupt(controller, name));
  }
}

function interrupt(controller: AbortController, name: "SIGINT" | "SIGTERM"): void {
  controller.abort(new Interrupt(name, exit.signal + constants.signals[name]));
}

async function writeTo(
  stream: NodeJS.WriteStream,
  text: string,
  closed: AbortSignal,
): Promise<void> {
  if (closed.aborted || stream.write(text)) return;
  await new Promise<void>((resolve) => {
    const settle = () => {
      stream.off("drain", settle);
      closed.removeEventListener("abort", settle);
      resolve();
    };
    stream.on("drain", settle);
    closed.addEventListener("abort", settle);
  });
}
