// SPDX-License-Identifier: Apache-2.0

/**
 * What a user has to mend: an option, a name, a file. Its message is all that the user sees, so it
 * says where the fault is, and what to do. It travels in `CodeGeneratorResponse.error`.
 */
export class SchemaError extends Error {
  override name = "SchemaError";
}
