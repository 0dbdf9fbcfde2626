// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Options of a command: declared once, for parsing, help and completion. */
import { parseArgs } from "node:util";
import { nearest } from "connect-stream/options";
import { UsageError } from "./exit.js";

/** An option of a command. Its long name is its key. */
export interface Option {
  /** `boolean`: there or not. `string`: with a value. */
  readonly type: "boolean" | "string";
  /** One letter. */
  readonly short?: string;
  /** May be given more than once. */
  readonly multiple?: boolean;
  /** What the value is, for help, such as `FILE`. */
  readonly value?: string;
  /** The values that there are. */
  readonly oneOf?: readonly string[];
  /** One line. */
  readonly help: string;
}

/** All options of a command, by long name. */
export type Options = Readonly<Record<string, Option>>;

/** What every command takes. */
export const commonOptions = {
  help: { type: "boolean", short: "h", help: "show this" },
} as const satisfies Options;

/** The value of an option: of one that may be repeated, all. */
type Value<O extends Option> = O["type"] extends "boolean"
  ? boolean
  : O["multiple"] extends true
    ? readonly string[]
    : string;

/** What was given of `O`. */
export type Values<O extends Options> = { readonly [K in keyof O]?: Value<O[K]> };

/** A parsed command line. */
export interface Parsed<O extends Options> {
  readonly values: Values<O>;
  readonly positionals: readonly string[];
}

/** Parses what follows the name of a command. Throws a `UsageError` for what is not in `options`. */
export function parseOptions<O extends Options>(options: O, args: readonly string[]): Parsed<O> {
  const config = { ...options, ...commonOptions };
  const { values, positionals } = parse(config, args);
  for (const [name, { oneOf }] of Object.entries(options)) {
    const value = values[name];
    if (oneOf && typeof value === "string") checkOneOf(name, value, oneOf);
  }
  return { values: values as Values<O>, positionals };
}

function parse(options: Options, args: readonly string[]) {
  try {
    return parseArgs({ options, args: [...args], allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(describe(error, Object.keys(options)));
  }
}

function checkOneOf(name: string, value: string, oneOf: readonly string[]): void {
  if (oneOf.includes(value)) return;
  const known = orList(oneOf);
  throw new UsageError(
    `--${name} must be ${known}, not ${JSON.stringify(value)}${hint(value, oneOf)}`,
  );
}

/** `a, b or c`. */
export function orList(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}

/** `; did you mean NAME?`, if a name is near to `given`. */
export function hint(given: string, names: readonly string[], prefix = ""): string {
  const meant = nearest(given, names);
  return meant === undefined ? "" : `; did you mean ${prefix}${meant}?`;
}

/** Node's message, without its advice on how to write positionals, and with the option that was meant. */
function describe(error: unknown, names: readonly string[]): string {
  const text = error instanceof Error ? error.message : String(error);
  const dashed = /^Option '(-[^']*)' argument is ambiguous/.exec(text)?.[1];
  if (dashed !== undefined) {
    const long = dashed.replace(/^.*--/, "--");
    return `option ${dashed} needs a value; one that begins with a dash is ${long}=-…`;
  }
  const unknown = /^Unknown option '(-[^']*)'/.exec(text)?.[1];
  if (unknown === undefined)
    return text.replace(/^Option (\W)/, "option $1").replace(/\.? ?To specify.*$/s, "");
  const known = unknown.startsWith("--") ? hint(unknown.slice(2), names, "--") : "";
  return `unknown option ${unknown}${known}`;
}

/** The options as lines of help. */
export function optionLines(options: Options): string {
  const rows = Object.entries({ ...options, ...commonOptions }).map(
    ([name, option]) => [leftOf(name, option), option.help] as const,
  );
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}\n`).join("");
}

function leftOf(name: string, { short, value, oneOf }: Option): string {
  const shown = value ?? oneOf?.join("|");
  return `${short ? `-${short}, ` : "    "}--${name}${shown ? ` ${shown}` : ""}`;
}
