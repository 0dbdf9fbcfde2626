// SPDX-License-Identifier: Apache-2.0
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { OptionPlace } from "./option-place.js";

/**
 * What a user has to mend: an option, a name, a file. Its message is all that the user sees, so it
 * says where the fault is, and what to do. It travels in `CodeGeneratorResponse.error`.
 */
export class SchemaError extends Error {
  override name = "SchemaError";
  /** Where the fault is in a file, if it is in one. */
  readonly place: OptionPlace | DescService | DescMethod | undefined;

  constructor(message: string, place?: OptionPlace | DescService | DescMethod) {
    super(message);
    this.place = place;
  }
}

/** Takes a fault. The generator throws the first; `lint` gathers them all. */
export type Report = (fault: SchemaError) => void;

/** Throws the fault. */
export const raise: Report = (fault) => {
  throw fault;
};

/** Runs a check that throws its fault, and reports it. */
export function reporting<T>(report: Report, check: () => T): T | undefined {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    report(error);
    return undefined;
  }
}

/** Any text, for an error: quoted and on one line. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
