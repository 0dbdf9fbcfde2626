// SPDX-License-Identifier: Apache-2.0
import type { JsonValue } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { codeToString } from "../protocol/connect-internals.js";

/** A step of a recording, from the client's side. Messages are in JSON. */
export type RecordedStep =
  | { readonly send: JsonValue }
  | { readonly recv: JsonValue }
  | { readonly fails: Code }
  | "closeSend"
  | "end"
  | "cancel";

/** A step, and where it stands: `line 3 of call.ndjson`. */
export interface PlacedStep {
  readonly step: RecordedStep;
  readonly where: string;
}

const words = ["closeSend", "end", "cancel"] as const;

/**
 * Reads the steps of what `connect-stream call --record` has written, one a line. `text` is the content
 * of the file, `name` what errors call it. Throws an `Error` that names the line.
 */
export function readRecording(text: string, name = "the recording"): PlacedStep[] {
  const steps = text
    .split("\n")
    .map((line, i) => ({ line, where: `line ${i + 1} of ${name}` }))
    .filter(({ line }) => line.trim() !== "")
    .map(({ line, where }) => ({ step: toStep(line, where), where }));
  if (steps.length === 0) throw new Error(`${name} has no steps`);
  return steps;
}

function toStep(line: string, where: string): RecordedStep {
  const value = parse(line);
  const word = words.find((one) => one === value);
  if (word) return word;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const { send, recv, fails } = value;
    const isOne = Object.keys(value).length === 1;
    if (isOne && send !== undefined) return { send };
    if (isOne && recv !== undefined) return { recv };
    if (isOne && typeof fails === "string") return { fails: toCode(fails, where) };
  }
  const known = `{"send": …}, {"recv": …}, {"fails": "not_found"}, ${words.map((one) => `"${one}"`).join(", ")}`;
  throw new Error(`${where} is not a step, but ${line.trim()}: use ${known}`);
}

function toCode(name: string, where: string): Code {
  const code = codes.find((one) => codeToString(one) === name);
  if (code !== undefined) return code;
  throw new Error(`${where}: unknown status ${name}; known: ${codes.map(codeToString).join(", ")}`);
}

const codes: readonly Code[] = Object.values(Code).filter((code) => typeof code === "number");

function parse(line: string): JsonValue | undefined {
  try {
    const value: JsonValue = JSON.parse(line);
    return value;
  } catch {
    return undefined;
  }
}
