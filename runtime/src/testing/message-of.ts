// SPDX-License-Identifier: Apache-2.0
import type { DescFile, DescMessage } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";

/** The message of that full name in `file`, or in what it imports. Throws if there is none. */
export function messageOf(file: DescFile, typeName: string): DescMessage {
  // A set that grows while it is walked through.
  const files = new Set([file]);
  for (const { dependencies } of files) for (const other of dependencies) files.add(other);
  for (const one of files) {
    for (const type of nestedTypes(one)) {
      if (type.kind === "message" && type.typeName === typeName) return type;
    }
  }
  throw new TypeError(`${file} neither has nor imports a message ${typeName}`);
}
