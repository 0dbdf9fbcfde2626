// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The server's half of `header-message.ts`. */
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { Code, ConnectError } from "@connectrpc/connect";
import type { HeaderCodec, HeaderField } from "./header-field.js";
import { type HeaderMessage, isRequired } from "./header-message.js";

/** The longest value to repeat in an error, in characters. */
const MAX_SHOWN = 64;

/** The message that `headers` are. Throws `invalid_argument` if they are none. */
export function readHeaderMessage(
  { desc, fields }: HeaderMessage,
  headers: Headers,
): MessageShape<DescMessage> {
  const message = reflect(desc);
  for (const field of fields) read(headers, field, message);
  return message.message;
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
    throw refusal(`header "${name}" is ${shown}, allowed: ${codec.allowed}`);
  });
}

function both(first: string, second: string): ConnectError {
  return refusal(`headers "${first}" and "${second}" are both set, allowed: only one of them`);
}

function refusal(reason: string): ConnectError {
  return new ConnectError(`initial metadata: ${reason}`, Code.InvalidArgument);
}
