// SPDX-License-Identifier: Apache-2.0
/**
 * @packageDocumentation What protoc writes into descriptors, and others leave out. Servers of grpc-js have
 * theirs from protobufjs: without imports, without names in JSON, with names of types as in the source.
 * https://github.com/protobufjs/protobuf.js/tree/master/ext/descriptor
 */
import { clone } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";

/** Files by the names that others import them with. */
export type Files = ReadonlyMap<string, FileDescriptorProto>;

/** Files in which all is there. */
export interface CompletedFiles {
  /** Copies. */
  readonly files: Files;
  /** Full names of types that no file has. */
  readonly missing: ReadonlySet<string>;
}

/** Completes `files`. Types may also be in `others`. */
export function completeFiles(files: Files, others: Files): CompletedFiles {
  const homes = new Map([...typeHomes(others), ...typeHomes(files)]);
  const missing = new Set<string>();
  const copies = [...files].map(([name, file]) => {
    const copy = clone(FileDescriptorProtoSchema, file);
    new FileCompleter(copy, homes, missing).complete();
    return [name, copy] as const;
  });
  return { files: new Map(copies), missing };
}

/** Which file each message and enum is in. */
function typeHomes(files: Files): Map<string, string> {
  const homes = new Map<string, string>();
  for (const [file, { package: scope, messageType, enumType }] of files) {
    const addMessage = (within: string, message: DescriptorProto) => {
      const name = join(within, message.name);
      homes.set(name, file);
      for (const one of message.enumType) homes.set(join(name, one.name), file);
      for (const one of message.nestedType) addMessage(name, one);
    };
    for (const one of enumType) homes.set(join(scope, one.name), file);
    for (const one of messageType) addMessage(scope, one);
  }
  return homes;
}

function join(scope: string, name: string): string {
  return scope === "" ? name : `${scope}.${name}`;
}

class FileCompleter {
  readonly #file: FileDescriptorProto;
  readonly #homes: ReadonlyMap<string, string>;
  readonly #missing: Set<string>;

  constructor(file: FileDescriptorProto, homes: ReadonlyMap<string, string>, missing: Set<string>) {
    this.#file = file;
    this.#homes = homes;
    this.#missing = missing;
  }

  complete(): void {
    const { package: scope, messageType, extension, service } = this.#file;
    for (const one of messageType) this.#message(scope, one);
    for (const one of extension) this.#field(scope, one);
    for (const method of service.flatMap((one) => one.method)) {
      method.inputType = this.#absolute(scope, method.inputType);
      method.outputType = this.#absolute(scope, method.outputType);
    }
  }

  #message(within: string, { name, field, extension, nestedType }: DescriptorProto): void {
    const scope = join(within, name);
    for (const one of [...field, ...extension]) this.#field(scope, one);
    for (const one of nestedType) this.#message(scope, one);
  }

  #field(scope: string, field: FieldDescriptorProto): void {
    if (field.jsonName === "") field.jsonName = jsonNameOf(field.name);
    if (field.typeName !== "") field.typeName = this.#absolute(scope, field.typeName);
    if (field.extendee !== "") field.extendee = this.#absolute(scope, field.extendee);
  }

  /** The full name of a type, with the dot in front. Its file becomes an import. */
  #absolute(scope: string, name: string): string {
    const full = name.startsWith(".") ? name.slice(1) : this.#lookUp(scope, name);
    const home = this.#homes.get(full);
    const { dependency, name: own } = this.#file;
    if (home === undefined) this.#missing.add(full);
    else if (home !== own && !dependency.includes(home)) dependency.push(home);
    return `.${full}`;
  }

  /** https://protobuf.dev/programming-guides/proto3/#name-resolution: the innermost scope that has it. */
  #lookUp(scope: string, name: string): string {
    for (
      let within = scope;
      within !== "";
      within = within.slice(0, Math.max(0, within.lastIndexOf(".")))
    ) {
      const full = join(within, name);
      if (this.#homes.has(full)) return full;
    }
    return name;
  }
}

/** https://protobuf.dev/programming-guides/json/#field-names */
function jsonNameOf(name: string): string {
  return name.replaceAll(/_+([^_]|$)/g, (_, next: string) => next.toUpperCase());
}
