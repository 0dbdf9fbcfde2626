// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Where the messages to send come from. */
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { CliError, reasonOf } from "../exit.js";
import type { Io } from "../io.js";

/** A message to send, as it was given. */
export interface InputLine {
  readonly text: string;
  /** Such as `line 3 of FILE`. */
  readonly where: string;
}

/** After this time without input, the user hears what is waited for. */
const HINT_AFTER_MS = 1000;

/** The messages of `--data`: documents, files behind `@`, or `@-` for standard input. */
export async function* dataLines(data: readonly string[], io: Io): AsyncGenerator<InputLine> {
  for (const [i, text] of data.entries()) {
    if (text === "-" || text === "@-") yield* stdinLines(io);
    else if (text.startsWith("@")) yield* fileLines(text.slice(1), io.cwd);
    else yield { text, where: data.length > 1 ? `--data number ${i + 1}` : "--data" };
  }
}

/** The lines of standard input, as they come. */
export async function* stdinLines(io: Io): AsyncGenerator<InputLine> {
  const timer = setTimeout(
    () => io.note("waiting for messages on standard input, one JSON document a line"),
    HINT_AFTER_MS,
  );
  io.stdin.once("data", () => clearTimeout(timer));
  try {
    yield* linesOf(io.stdin, "standard input");
  } finally {
    clearTimeout(timer);
  }
}

async function* fileLines(path: string, cwd: string): AsyncGenerator<InputLine> {
  try {
    yield* linesOf(createReadStream(resolve(cwd, path)), path);
  } catch (error) {
    throw error instanceof CliError
      ? error
      : new CliError(`cannot read ${path}: ${reasonOf(error)}`);
  }
}

/** Lines with something in them. The last one may lack its end. */
async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<InputLine> {
  let number = 0;
  for await (const bytes of splitLines(chunks)) {
    const where = `line ${++number} of ${name}`;
    const text = decode(bytes, where);
    if (text.trim() !== "") yield { text, where };
  }
}

const NEWLINE = 10;

async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...rest, chunk.subarray(from, to)]);
      rest = [];
      from = to + 1;
    }
    rest.push(chunk.subarray(from));
  }
  yield Buffer.concat(rest);
}

/** Leaves out the byte order mark that editors on Windows write. */
function decode(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new CliError(`${where} is not in UTF-8`);
  }
}
