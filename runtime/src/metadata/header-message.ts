// SPDX-License-Identifier: Apache-2.0
import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { type HeaderField, headerField } from "./header-field.js";

/** A `required` field of proto2. By number, for the enum comes with all of the well-known types. */
const REQUIRED: FeatureSet_FieldPresence.LEGACY_REQUIRED = 3;

/**
 * A message whose fields travel as headers: the initial metadata of a stream. Servers read it with
 * `header-message-reader.ts`.
 */
export class HeaderMessage {
  readonly desc: DescMessage;
  readonly fields: readonly HeaderField[];

  constructor(desc: DescMessage) {
    this.desc = desc;
    this.fields = desc.fields.map(headerField);
  }

  /** Adds the fields that are set. Throws `internal` for a message that cannot travel. */
  addTo(headers: Headers, init: object): void {
    const message = reflect(this.desc, create(this.desc, init as MessageInitShape<DescMessage>));
    for (const field of this.fields) {
      try {
        write(headers, field, checkedValues(message, field));
      } catch (thrown) {
        throw fault(field, thrown);
      }
    }
  }
}

/** The values of a field that is set. Throws for what its type does not allow. */
function checkedValues(message: ReflectMessage, { desc }: HeaderField): readonly unknown[] {
  if (!message.isSet(desc)) return [];
  // Nothing has checked a message so far; `set` and `add` do.
  const checked = reflect(message.desc);
  if (desc.fieldKind !== "list") {
    checked.set(desc, message.get(desc));
    return [message.get(desc)];
  }
  const values = [...message.get(desc)];
  for (const value of values) checked.get(desc).add(value);
  return values;
}

function write(headers: Headers, field: HeaderField, values: readonly unknown[]): void {
  if (values.length === 0) {
    if (isRequired(field)) throw new TypeError("is required");
    return;
  }
  for (const { names } of field.codecs) for (const name of names) headers.delete(name);
  for (const codec of field.codecs) {
    const texts = values.map((value) => codec.format(value));
    const [name] = codec.names;
    if (name === undefined || texts.includes(undefined)) continue;
    for (const text of texts) headers.append(name, text ?? "");
    return;
  }
}

/** Whether a message without the field is none. */
export function isRequired({ desc }: HeaderField): boolean {
  return desc.presence === REQUIRED;
}

/** What this side did wrong. */
function fault({ desc }: HeaderField, thrown: unknown): ConnectError {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const text = `initial metadata: field ${desc.name}: ${reason}`;
  return new ConnectError(text, Code.Internal, undefined, undefined, thrown);
}
