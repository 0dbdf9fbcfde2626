// SPDX-License-Identifier: Apache-2.0
import { type DescMessage, ScalarType } from "@bufbuild/protobuf";

const known = new WeakMap<DescMessage, boolean>();

/**
 * Whether a parsed message can hold views of the bytes it was parsed from: protobuf-es does not
 * copy `bytes` fields. A view keeps all the bytes alive that came in one read. Fields that the
 * schema does not know are views as well, but to look for them would cost each message a walk.
 */
export function mayReferenceInput(message: DescMessage): boolean {
  const before = known.get(message);
  if (before !== undefined) return before;
  const aliases = search(message, new Set());
  // Only of this one: a message in a cycle was left before all that it can hold was seen.
  known.set(message, aliases);
  return aliases;
}

/** `seen`: those that were looked at, or are being looked at, in a search that found nothing yet. */
function search(message: DescMessage, seen: Set<DescMessage>): boolean {
  if (seen.has(message)) return false;
  seen.add(message);
  return message.fields.some(
    (field) =>
      field.scalar === ScalarType.BYTES ||
      (field.message !== undefined && (known.get(field.message) ?? search(field.message, seen))),
  );
}
