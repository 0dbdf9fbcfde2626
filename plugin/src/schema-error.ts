// SPDX-License-Identifier: Apache-2.0

/**
 * What a user has to mend: an option, a name, a file. Its message is all that the user sees, so it
 * says where the fault is, and what to do. It travels in `CodeGeneratorResponse.error`.
 */
export class SchemaError extends Error {
  override name = "SchemaError";
}

/** Any text, for an error: quoted and on one line. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
