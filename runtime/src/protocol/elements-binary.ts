// SPDX-License-Identifier: Apache-2.0
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** As deep as protobuf-es reads. */
const MAX_DEPTH = 100;

/**
 * Whether a message has more than `max` elements: what becomes an object of its own when it is parsed.
 * That are messages, entries of maps, strings and bytes in lists, and fields that are not known.
 */
export function hasMoreElements(desc: DescMessage, data: Uint8Array, max: number): boolean {
  const counter = new ElementCounter(new BinaryReader(data), max);
  try {
    counter.read(desc, data.byteLength, 0);
  } catch {
    // What is no message is left to those who parse it.
  }
  return counter.count > max;
}

class ElementCounter {
  readonly #reader: BinaryReader;
  readonly #max: number;
  count = 0;

  constructor(reader: BinaryReader, max: number) {
    this.#reader = reader;
    this.#max = max;
  }

  /** Reads a message up to `end`, or up to the end of its group. */
  read(desc: DescMessage | undefined, end: number, depth: number): void {
    const reader = this.#reader;
    while (reader.pos < end && this.count <= this.#max) {
      const [number, type] = reader.tag();
      if (type === WireType.EndGroup) return;
      const field = desc && fieldsOf(desc).get(number);
      if (!field || isElement(field)) this.count++;
      const inner = field && messageOf(field);
      if (!inner || depth > MAX_DEPTH) reader.skip(type, number);
      else if (type === WireType.StartGroup) this.read(inner, end, depth + 1);
      else if (type === WireType.LengthDelimited) this.#readSized(field, inner, depth + 1);
      else reader.skip(type, number);
    }
  }

  #readSized(field: DescField, inner: DescMessage, depth: number): void {
    const length = this.#reader.uint32();
    const end = this.#reader.pos + length;
    if (field.fieldKind === "map") this.#readEntry(inner, end, depth);
    else this.read(inner, end, depth);
  }

  /** The value of an entry has the number 2. https://protobuf.dev/programming-guides/encoding/#maps */
  #readEntry(value: DescMessage, end: number, depth: number): void {
    const reader = this.#reader;
    while (reader.pos < end && this.count <= this.#max) {
      const [number, type] = reader.tag();
      if (number !== 2 || type !== WireType.LengthDelimited) reader.skip(type, number);
      else {
        const length = reader.uint32();
        this.read(value, reader.pos + length, depth + 1);
      }
    }
  }
}

const known = new WeakMap<DescMessage, Map<number, DescField>>();

function fieldsOf(desc: DescMessage): Map<number, DescField> {
  const fields = known.get(desc) ?? new Map(desc.fields.map((field) => [field.number, field]));
  known.set(desc, fields);
  return fields;
}

/** Numbers are none: a list of them is as large as its bytes, or nearly so. */
function isElement(field: DescField): boolean {
  if (field.fieldKind === "map" || field.fieldKind === "message") return true;
  if (field.fieldKind !== "list") return false;
  if (field.listKind === "message") return true;
  const { scalar } = field;
  return scalar === ScalarType.STRING || scalar === ScalarType.BYTES;
}

function messageOf(field: DescField): DescMessage | undefined {
  return field.fieldKind === "message" || field.fieldKind === "list" || field.fieldKind === "map"
    ? field.message
    : undefined;
}
