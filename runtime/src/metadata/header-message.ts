// SPDX-License-Identifier: Apache-2.0
import {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { type HeaderCodec, type HeaderField, headerField } from "./header-field.js";

/** A `required` field of proto2. By number, for the enum comes with all of the well-known types. */
const REQUIRED: FeatureSet_FieldPresence.LEGACY_REQUIRED = 3;

/** The longest value to repeat in an error, in characters. */
const MAX_SHOWN = 64;

/** A message whose fields travel as headers: the initial metadata of a stream. */
export class HeaderMessage {
  readonly desc: DescMessage;
  readonly #fields: readonly HeaderField[];

  constructor(desc: DescMessage) {
    this.desc = desc;
    this.#fields = desc.fields.map(headerField);
  }

  /** Adds the fields that are set. Throws `internal` for a message that cannot travel. */
  addTo(headers: Headers, init: object): void {
    const message = reflect(this.desc, create(this.desc, init as MessageInitShape<DescMessage>));
    for (const field of this.#fields) {
      try {
        write(headers, field, checkedValues(message, field));
      } catch (thrown) {
        throw fault(field, thrown);
      }
    }
  }

  /** The message that `headers` are. Throws `invalid_argument` if they are none. */
  fromHeaders(headers: Headers): MessageShape<DescMessage> {
    const message = reflect(this.desc);
    for (const field of this.#fields) read(headers, field, message);
    return message.message;
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

/** A header of a field, as a request has it. */
interface Found {
  readonly name: string;
  readonly text: string;
  readonly codec: HeaderCodec;
}

function read(headers: Headers, field: HeaderField, message: ReflectMessage): void {
  const { desc } = field;
  const found = find(headers, field);
  if (!found) {
    if (isRequired(field)) throw refusal(`header "${field.codecs[0]?.names[0]}" is missing`);
    return;
  }
  checkAlone(message, field, found);
  const values = valuesOf(found, field);
  if (desc.fieldKind !== "list") return message.set(desc, values[0]);
  for (const value of values) message.get(desc).add(value);
}

/** The one header that has the field, if any has. */
function find(headers: Headers, { codecs }: HeaderField): Found | undefined {
  const [found, second] = codecs.flatMap((codec) =>
    codec.names.flatMap((name) => {
      const text = headers.get(name);
      return text === null ? [] : [{ name, text, codec }];
    }),
  );
  if (found && second) throw both(found.name, second.name);
  return found;
}

/** Of a oneof, one field can be there. */
function checkAlone(message: ReflectMessage, { desc }: HeaderField, { name }: Found): void {
  const other = desc.oneof && message.oneofCase(desc.oneof);
  if (other) throw both(other.name, name);
}

function valuesOf({ name, text, codec }: Found, { isList }: HeaderField): unknown[] {
  const texts = isList ? text.split(",").map((item) => item.trim()) : [text];
  return texts.map((item) => {
    const value = codec.parse(item);
    if (value !== undefined) return value;
    const shown = JSON.stringify(item.length > MAX_SHOWN ? `${item.slice(0, MAX_SHOWN)}…` : item);
    throw refusal(`header "${name}" is ${shown}, allowed is: ${codec.allowed}`);
  });
}

function isRequired({ desc }: HeaderField): boolean {
  return desc.presence === REQUIRED;
}

/** What this side did wrong. */
function fault({ desc }: HeaderField, thrown: unknown): ConnectError {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const text = `initial metadata: field ${desc.name}: ${reason}`;
  return new ConnectError(text, Code.Internal, undefined, undefined, thrown);
}

function both(first: string, second: string): ConnectError {
  return refusal(`headers "${first}" and "${second}" are both there, allowed is: one of them`);
}

function refusal(reason: string): ConnectError {
  return new ConnectError(`initial metadata: ${reason}`, Code.InvalidArgument);
}
