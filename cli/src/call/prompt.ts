// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Messages typed on a terminal. */
import { createInterface } from "node:readline";
import type { Message } from "@bufbuild/protobuf";
import { CliError } from "../exit.js";
import type { Io } from "../io.js";
import type { InputLine } from "./input.js";

const help = `one JSON message a line; /close half-closes, /cancel cancels the call`;

/** Back to the start of the line, and clear it. */
const CLEAR_LINE = "\r\u001B[K";

/** A prompt. Its lines are the messages; what is no message is said, and asked again. */
export interface Prompt {
  readonly messages: AsyncIterable<Message>;
  /** Writes beside the line that is being typed. */
  beside(write: () => void): void;
  close(): void;
}

/** Opens a prompt on the terminal of `io`. `cancel` is called for `/cancel`; Ctrl-C interrupts. */
export function openPrompt(
  io: Pick<Io, "stdin" | "stderr" | "note" | "interrupt">,
  parse: (line: InputLine) => Promise<Message>,
  cancel: () => void,
): Prompt {
  io.note(help);
  const readline = createInterface({ input: io.stdin, output: io.stderr, prompt: "> " });
  readline.on("SIGINT", () => io.interrupt());
  let closed = false;
  readline.on("close", () => {
    closed = true;
    io.stderr.write(CLEAR_LINE); // of a prompt that nobody answers any more
  });
  return {
    messages: messages(readline, io, parse, cancel),
    beside(write) {
      if (closed) return write();
      io.stderr.write(CLEAR_LINE);
      write();
      readline.prompt(true);
    },
    close: () => readline.close(),
  };
}

async function* messages(
  readline: ReturnType<typeof createInterface>,
  io: Pick<Io, "note">,
  parse: (line: InputLine) => Promise<Message>,
  cancel: () => void,
): AsyncGenerator<Message> {
  readline.prompt();
  for await (const line of readline) {
    const text = line.trim();
    if (text === "/close") break;
    if (text === "/cancel") {
      cancel();
      break;
    }
    const message = await parseTyped(text, io, parse);
    if (message) yield message;
    readline.prompt();
  }
  readline.close();
}

async function parseTyped(
  text: string,
  io: Pick<Io, "note">,
  parse: (line: InputLine) => Promise<Message>,
): Promise<Message | undefined> {
  if (text === "") return undefined;
  if (text.startsWith("/")) {
    io.note(text === "/help" ? help : `unknown command ${text}: ${help}`);
    return undefined;
  }
  try {
    return await parse({ text, where: "this" });
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    io.note(error.message);
    return undefined;
  }
}
