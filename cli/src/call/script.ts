// SPDX-License-Identifier: Apache-2.0
/**
 * @packageDocumentation A call as a script: a step a line, named as those of `connect-stream/testing`.
 * Messages are in JSON.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { JsonValue } from "@bufbuild/protobuf";
import { CliError, reasonOf } from "../exit.js";
import { hint } from "../options.js";
import { codeNames } from "../status.js";

/** A step, from the client's side. `fails` has the name of a status code. */
export type Step =
  | { readonly send: JsonValue }
  | { readonly recv: JsonValue }
  | { readonly fails: string }
  | "closeSend"
  | "end"
  | "cancel";

const words = ["closeSend", "end", "cancel"] as const;

/** Writes the steps of a call into a file, as they happen. */
export class Recording {
  readonly #file: number;
  #closed = false;

  constructor(path: string, cwd: string) {
    try {
      this.#file = openSync(resolve(cwd, path), "w");
    } catch (error) {
      throw new CliError(`cannot write ${path}: ${reasonOf(error)}`);
    }
  }

  /** Adds a step, unless the call has ended. */
  add(step: Step): void {
    if (!this.#closed) writeSync(this.#file, `${JSON.stringify(step)}\n`);
  }

  /** The last step. */
  end(step: Step): void {
    this.add(step);
    this.close();
  }

  close(): void {
    if (!this.#closed) closeSync(this.#file);
    this.#closed = true;
  }
}

/** A step, and where it stands. */
export interface PlacedStep {
  readonly step: Step;
  readonly where: string;
}

/** Reads the steps of a file. */
export async function readScript(path: string, cwd: string): Promise<PlacedStep[]> {
  const text = await readFile(resolve(cwd, path), "utf8").catch((error: unknown) => {
    throw new CliError(`cannot read ${path}: ${reasonOf(error)}`);
  });
  const steps = text
    .split("\n")
    .map((line, i) => ({ line, where: `line ${i + 1} of ${path}` }))
    .filter(({ line }) => line.trim() !== "")
    .map(({ line, where }) => ({ step: parseStep(line, where), where }));
  if (steps.length === 0) throw new CliError(`${path} has no steps`);
  return steps;
}

function parseStep(line: string, where: string): Step {
  const value = parseJson(line);
  const word = words.find((one) => one === value);
  if (word) return word;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const { send, recv, fails } = value;
    const names = Object.keys(value);
    if (names.length === 1 && send !== undefined) return { send };
    if (names.length === 1 && recv !== undefined) return { recv };
    if (names.length === 1 && typeof fails === "string") return { fails: checkCode(fails, where) };
  }
  throw new CliError(
    `${where} is not a step, use {"send": …}, {"recv": …}, {"fails": "code"}, ${words.map((word) => `"${word}"`).join(", ")}`,
  );
}

function checkCode(name: string, where: string): string {
  if (codeNames.includes(name)) return name;
  const known = hint(name, codeNames) || `; there is ${codeNames.join(", ")}`;
  throw new CliError(`${where}: there is no status ${name}${known}`);
}

function parseJson(text: string): JsonValue | undefined {
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
