// SPDX-License-Identifier: Apache-2.0
import type { JsonValue } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { codeToString } from "../protocol/connect-internals.js";

/** A step as `connect-stream call --record` writes it, from the client's side. */
export type RecordedStep =
  | { readonly send: JsonValue }
  | { readonly recv: JsonValue }
  | { readonly fails: Code }
  | "closeSend"
  | "end"
  | "cancel";

/** A step, and where it stands. */
export interface PlacedStep {
  readonly step: RecordedStep;
  readonly where: string;
}

const words = ["closeSend", "end", "cancel"] as const;

/** The steps of a recording, one a line. Throws an `Error` that names the line. */
export function readSteps(text: string): PlacedStep[] {
  const steps = text
    .split("\n")
    .map((line, i) => ({ line, where: `line ${i + 1} of the recording` }))
    .filter(({ line }) => line.trim() !== "")
    .map(({ line, where }) => ({ step: toStep(line, where), where }));
  if (steps.length === 0) throw new Error("the recording has no steps");
  return steps;
}

function toStep(line: string, where: string): RecordedStep {
  const value = parse(line);
  const word = words.find((one) => one === value);
  if (word) return word;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const { send, recv, fails } = value;
    if (send !== undefined) return { send };
    if (recv !== undefined) return { recv };
    const code = codes.find((one) => codeToString(one) === fails);
    if (code !== undefined) return { fails: code };
  }
  const known = `{"send": …}, {"recv": …}, {"fails": "not_found"}, ${words.map((one) => `"${one}"`).join(", ")}`;
  throw new Error(`${where} is no step, but ${line.trim()}; steps are ${known}`);
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
