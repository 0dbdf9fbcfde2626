// SPDX-License-Identifier: Apache-2.0
import type {
  DescEnum,
  DescExtension,
  DescFile,
  DescMessage,
  DescService,
} from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";

/** What a schema declares, by the names that clients ask with. */
export class FileIndex {
  readonly #files = new Map<string, DescFile>();
  readonly #symbols = new Map<string, DescFile>();
  readonly #extensions = new Map<string, Map<number, DescFile>>();

  /** `files`: with all that they import. */
  constructor(files: Iterable<DescFile>) {
    for (const file of files) this.#add(file);
  }

  /** By its path, such as `google/protobuf/any.proto`. */
  findFile(path: string): DescFile | undefined {
    return this.#files.get(path);
  }

  /** The file that declares a message, field, enum, value, extension, service or RPC. */
  findSymbol(name: string): DescFile | undefined {
    return this.#symbols.get(name);
  }

  /** The file that declares an extension of a message. */
  findExtension(extendee: string, number: number): DescFile | undefined {
    return this.#extensions.get(extendee)?.get(number);
  }

  /** The numbers of all extensions of a message, in order. `undefined`: there is no such message. */
  extensionNumbers(extendee: string): number[] | undefined {
    const numbers = this.#extensions.get(extendee)?.keys();
    if (numbers) return [...numbers].sort((a, b) => a - b);
    return this.#symbols.has(extendee) ? [] : undefined;
  }

  #add(file: DescFile): void {
    const path = file.proto.name;
    if (this.#files.has(path)) return;
    this.#files.set(path, file);
    for (const type of nestedTypes(file)) {
      this.#symbols.set(type.typeName, file);
      for (const name of memberNames(type)) this.#symbols.set(name, file);
      if (type.kind === "extension") this.#addExtension(type);
    }
    for (const dependency of file.dependencies) this.#add(dependency);
  }

  #addExtension({ extendee, number, file }: DescExtension): void {
    const known = this.#extensions.get(extendee.typeName) ?? new Map<number, DescFile>();
    this.#extensions.set(extendee.typeName, known.set(number, file));
  }
}

/** Full names of what a type has. An enum's values stand beside it, as in C++. */
function memberNames(type: DescMessage | DescEnum | DescExtension | DescService): string[] {
  const { typeName } = type;
  switch (type.kind) {
    case "message":
      return [...type.fields, ...type.oneofs].map(({ name }) => `${typeName}.${name}`);
    case "service":
      return type.methods.map(({ name }) => `${typeName}.${name}`);
    case "enum": {
      const scope = typeName.slice(0, typeName.lastIndexOf(".") + 1);
      return type.values.map(({ name }) => `${scope}${name}`);
    }
    case "extension":
      return [];
  }
}
