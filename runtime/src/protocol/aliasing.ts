// SPDX-License-Identifier: Apache-2.0
import { type DescMessage, ScalarType } from "@bufbuild/protobuf";

const known = new WeakMap<DescMessage, boolean>();

/**
 * Whether a parsed message can hold views of the bytes it was parsed from: protobuf-es does not
 * copy `bytes` fields. A view keeps all the bytes alive that came in one read.
 */
export function mayAlias(message: DescMessage): boolean {
  const before = known.get(message);
  if (before !== undefined) return before;
  // For the time of the search, so that a recursive message ends it.
  known.set(message, false);
  const aliases = message.fields.some(
    (field) =>
      field.scalar === ScalarType.BYTES || (field.message !== undefined && mayAlias(field.message)),
  );
  known.set(message, aliases);
  return aliases;
}
