// SPDX-License-Identifier: Apache-2.0
import type { Field, Fields } from "./fields.js";

/** What a field counts beside its octets. https://www.rfc-editor.org/rfc/rfc9113#section-6.5.2 */
const FIELD_OVERHEAD_BYTES = 32;

const STATUS = "grpc-status";
const MESSAGE = "grpc-message";
const DETAILS = "grpc-status-details-bin";

/** Octets of fields by the measure of `SETTINGS_MAX_HEADER_LIST_SIZE`. */
export function sizeOfFields(fields: Fields): number {
  let size = 0;
  for (const [name, value] of fields) size += name.length + value.length + FIELD_OVERHEAD_BYTES;
  return size;
}

/**
 * What of a status fits into `maxBytes`: without its details, then without metadata, then with a
 * part of its message. A client that took none of it would not learn the code.
 */
export function fitStatus(trailer: Fields, maxBytes: number): Fields {
  let fields: Field[] = [...trailer];
  const tooMany = () => sizeOfFields(fields) > maxBytes;
  if (tooMany()) fields = fields.filter(([name]) => name !== DETAILS);
  if (tooMany()) fields = fields.filter(([name]) => name === STATUS || name === MESSAGE);
  if (tooMany()) fields = cutMessage(fields, sizeOfFields(fields) - maxBytes);
  return fields;
}

function cutMessage(fields: readonly Field[], excess: number): Field[] {
  return fields.flatMap(([name, value]): Field[] => {
    if (name !== MESSAGE) return [[name, value]];
    const length = value.length - excess;
    return length > 0 ? [[name, endWithCharacter(value.slice(0, length))]] : [];
  });
}

/** Octets of a character in UTF-8, all but the last. */
const MAX_PARTIAL_OCTETS = 3;

/** A message without the part of an escape, or of a character's escapes, that it ends with. */
function endWithCharacter(cut: string): string {
  const text = cut.replace(/%.?$/, "");
  const [escapes = ""] = /(?:%[89a-f][0-9a-f])*$/i.exec(text) ?? [];
  for (let octets = 0; octets <= MAX_PARTIAL_OCTETS; octets++) {
    const length = escapes.length - 3 * octets;
    if (isWhole(escapes.slice(0, length))) return text.slice(0, text.length - 3 * octets);
  }
  return text;
}

function isWhole(escapes: string): boolean {
  try {
    decodeURIComponent(escapes);
    return true;
  } catch {
    return false;
  }
}
