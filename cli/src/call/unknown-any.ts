// SPDX-License-Identifier: Apache-2.0
import {
  create,
  createFileRegistry,
  type DescFile,
  type DescMessage,
  fromBinary,
  isMessage,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import {
  type Any,
  AnySchema,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import type { Schema } from "../schema/schema.js";

/**
 * Makes every `Any` in `message` one that has JSON. Asks the schema for its type; where there is
 * none, the value becomes a message with the bytes as its only field. Returns the files of those.
 */
export async function openAnys(
  desc: DescMessage,
  message: Message,
  schema: Schema,
): Promise<DescFile[]> {
  const made = new Map<string, DescFile>();
  await openIn(reflect(desc, message), schema, made);
  return [...made.values()];
}

type Made = Map<string, DescFile>;

async function openIn(message: ReflectMessage, schema: Schema, made: Made): Promise<void> {
  if (isMessage(message.message, AnySchema)) return openAny(message.message, schema, made);
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    if (field.fieldKind === "message") {
      await openIn(message.get(field), schema, made);
    } else if (field.fieldKind === "list" && field.listKind === "message") {
      for (const item of message.get(field)) await openItem(item, schema, made);
    } else if (field.fieldKind === "map" && field.mapKind === "message") {
      for (const [, item] of message.get(field)) await openItem(item, schema, made);
    }
  }
}

async function openItem(item: unknown, schema: Schema, made: Made): Promise<void> {
  if (isReflect(item)) await openIn(item, schema, made);
}

function isReflect(item: unknown): item is ReflectMessage {
  return typeof item === "object" && item !== null && "message" in item && "fields" in item;
}

async function openAny(any: Any, schema: Schema, made: Made): Promise<void> {
  const typeName = any.typeUrl.slice(any.typeUrl.lastIndexOf("/") + 1);
  if (typeName === "") return;
  await schema.resolve(typeName);
  const desc = schema.registry.getMessage(typeName);
  if (desc) {
    const inner = fromBinary(desc, any.value);
    await openIn(reflect(desc, inner), schema, made);
    any.value = toBinary(desc, inner);
    return;
  }
  const file = made.get(typeName) ?? bytesFile(typeName);
  made.set(typeName, file);
  const [bytes] = file.messages;
  if (!bytes) return;
  const holder = reflect(bytes, create(bytes));
  const [value] = bytes.fields;
  if (value) holder.set(value, any.value);
  any.value = toBinary(bytes, holder.message);
}

/** A file with a message of that name, whose one field is `value`, of type `bytes`. */
function bytesFile(typeName: string): DescFile {
  const at = typeName.lastIndexOf(".");
  const proto = create(FileDescriptorProtoSchema, {
    name: `unknown/${typeName}.proto`,
    package: typeName.slice(0, Math.max(at, 0)),
    syntax: "proto3",
    messageType: [
      {
        name: typeName.slice(at + 1),
        field: [
          {
            name: "value",
            jsonName: "value",
            number: 1,
            label: FieldDescriptorProto_Label.OPTIONAL,
            type: FieldDescriptorProto_Type.BYTES,
          },
        ],
      },
    ],
  });
  const file = createFileRegistry(proto, () => undefined).getFile(proto.name);
  if (!file) throw new Error(`no descriptor for ${typeName}`);
  return file;
}
