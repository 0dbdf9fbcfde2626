// SPDX-License-Identifier: Apache-2.0
import type { CodeGeneratorRequest } from "@bufbuild/protobuf/wkt";
import { quote, SchemaError } from "./schema-error.js";

/**
 * Throws if a file name of the request could lead out of the output folder, or out of the comment
 * or string that it is printed in. Compilers give no such names, but a request can be made by hand.
 * Imported files are checked too: their names become import paths.
 */
export function checkFileNames(request: CodeGeneratorRequest): void {
  for (const { name } of request.protoFile) {
    const fault = findFault(name);
    if (fault !== undefined) {
      throw new SchemaError(`file name ${quote(name)} ${fault}`);
    }
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const lineBreaking = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

function findFault(name: string): string | undefined {
  if (lineBreaking.test(name)) {
    return "contains a control character or line break";
  }
  if (name.includes("\\")) {
    return "contains a backslash";
  }
  if (name.startsWith("/") || /^[a-z]:/i.test(name)) {
    return "is absolute, it must be relative to the output folder";
  }
  if (name.split("/").some((segment) => ["", ".", ".."].includes(segment))) {
    return 'has an empty, "." or ".." segment, it must stay within the output folder';
  }
  return undefined;
}
