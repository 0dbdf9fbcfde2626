// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What can follow on a command line, for completion in a shell. */
import type { Command } from "./command.js";
import { commands } from "./commands.js";
import type { Io } from "./io.js";
import { commonOptions, type Option, parseOptions } from "./options.js";

/** Candidates for the last word of `line`, whole. None: names of files, or nothing. */
export async function complete(line: string, io: Io): Promise<readonly string[]> {
  const words = splitWords(line);
  const [, name = "", ...args] = words;
  const current = words.at(-1) ?? "";
  if (words.length <= 2)
    return starting(current, [...Object.keys(commands), "--help", "--version"]);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) return [];
  return starting(current, await candidates(command, args.slice(0, -1), current, io));
}

function starting(prefix: string, words: readonly string[]): readonly string[] {
  return words.filter((word) => word.startsWith(prefix));
}

async function candidates(
  command: Command,
  before: readonly string[],
  current: string,
  io: Io,
): Promise<readonly string[]> {
  const options = { ...command.options, ...commonOptions };
  const value = optionBefore(options, before.at(-1) ?? "");
  if (value) return value.oneOf ?? [];
  const [, name = ""] = /^--([^=]+)=/.exec(current) ?? [];
  if (name !== "") return (command.options[name]?.oneOf ?? []).map((one) => `--${name}=${one}`);
  if (current.startsWith("-")) return Object.keys(options).map((one) => `--${one}`);
  const { positionals } = parseOptions(command.options, before);
  return (await command.complete?.(positionals, io, before)) ?? [];
}

/** A word, with quotes in it. The last one of a line may lack its second quote. */
const shellWord = /(?:\\.|"(?:[^"\\]|\\.)*(?:"|$)|'[^']*(?:'|$)|[^\s\\"'])+/g;

/** The words of a line as shells read them. Behind a space, the last one is empty. */
function splitWords(line: string): string[] {
  const words = line.match(shellWord) ?? [];
  const isBegun = words.length > 0 && line.endsWith(words.at(-1) ?? "");
  return [...words.map(unquote), ...(isBegun ? [] : [""])];
}

function unquote(word: string): string {
  return word.replaceAll(/\\(.)|["']/g, "$1");
}

/** The option whose value comes after `word`. */
function optionBefore(options: Readonly<Record<string, Option>>, word: string): Option | undefined {
  const found = Object.entries(options).find(
    ([name, { short }]) => word === `--${name}` || (short !== undefined && word === `-${short}`),
  );
  return found?.[1].type === "string" ? found[1] : undefined;
}
