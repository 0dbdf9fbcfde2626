// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation A call as a script, which `connect-stream/testing` reads. */
import { closeSync, openSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { JsonValue } from "@bufbuild/protobuf";
import type { PlacedStep, RecordedStep } from "connect-stream/testing";
import { CliError, reasonOf } from "../exit.js";
import { codeName } from "../status.js";

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
  add(step: RecordedStep): void {
    if (!this.#closed) writeSync(this.#file, `${JSON.stringify(toJson(step))}\n`);
  }

  /** The last step. */
  end(step: RecordedStep): void {
    this.add(step);
    this.close();
  }

  close(): void {
    if (!this.#closed) closeSync(this.#file);
    this.#closed = true;
  }
}

/** Reads the steps of a file. */
export async function readScript(path: string, cwd: string): Promise<readonly PlacedStep[]> {
  const text = await readFile(resolve(cwd, path), "utf8").catch((error: unknown) => {
    throw new CliError(`cannot read ${path}: ${reasonOf(error)}`);
  });
  const { readRecording } = await import("connect-stream/testing");
  try {
    return readRecording(text, path);
  } catch (error) {
    throw new CliError(reasonOf(error));
  }
}

function toJson(step: RecordedStep): JsonValue {
  return typeof step === "object" && "fails" in step ? { fails: codeName(step.fails) } : step;
}
