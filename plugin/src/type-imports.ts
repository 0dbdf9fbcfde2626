// SPDX-License-Identifier: Apache-2.0
/**
 * @packageDocumentation Imports of what protoc-gen-es generates. Protoplugin (2.17, `allNames`) names
 * all types of a file anew for each symbol that it is asked for, which is quadratic in the size of
 * the file. Here that is done once a file, by the same rules; a test compares. It can go when
 * protoplugin remembers the names.
 */
import type {
  DescEnum,
  DescExtension,
  DescFile,
  DescMessage,
  DescService,
} from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import type { GeneratedFile, ImportSymbol } from "@bufbuild/protoplugin";
import { safeIdentifier } from "./protoplugin.js";

/** Imports of types, for all generated files of one run. */
export interface TypeImports {
  /** The TypeScript type of a message. */
  shape(f: GeneratedFile, message: DescMessage): ImportSymbol;
  /** The descriptor of a message or service. */
  schema(f: GeneratedFile, desc: DescMessage | DescService, typeOnly?: boolean): ImportSymbol;
}

type NamedType = DescMessage | DescEnum | DescExtension | DescService;

/** Names in the code that protoc-gen-es generates for one file. */
interface TypeNames {
  /** TypeScript types. */
  readonly shapes: ReadonlyMap<NamedType, string>;
  /** Descriptors. */
  readonly schemas: ReadonlyMap<NamedType, string>;
}

/** Imports that are named once a file. */
export function createTypeImports(): TypeImports {
  const files = new Map<DescFile, TypeNames & { readonly path: string }>();
  const namesIn = (f: GeneratedFile, file: DescFile) => {
    let names = files.get(file);
    if (!names) {
      names = { ...nameTypes(file), path: f.importSchema(file).from };
      files.set(file, names);
    }
    return names;
  };
  return {
    shape(f, message) {
      const { shapes, path } = namesIn(f, message.file);
      return f.import(nameOf(shapes, message), path, true);
    },
    schema(f, desc, typeOnly) {
      const { schemas, path } = namesIn(f, desc.file);
      return f.import(nameOf(schemas, desc), path, typeOnly);
    },
  };
}

/** Where names clash, the first one keeps its own: TypeScript types before descriptors. */
export function nameTypes(file: DescFile): TypeNames {
  const taken = new Set<string>();
  const shapes = new Map<NamedType, string>();
  const schemas = new Map<NamedType, string>();
  const types = [...nestedTypes(file)];
  for (const desc of types) {
    if (hasShape(desc)) shapes.set(desc, freeName(identifier(desc), taken));
  }
  freeName(`file_${file.name.replaceAll(/[^a-zA-Z0-9_]+/g, "_")}`, taken);
  for (const desc of types) {
    const name = hasShape(desc) ? `${identifier(desc)}Schema` : identifier(desc);
    schemas.set(desc, freeName(name, taken));
  }
  return { shapes, schemas };
}

function hasShape({ kind }: NamedType): boolean {
  return kind === "message" || kind === "enum";
}

/** The name without its package: `Outer_Inner`. */
function identifier({ file, typeName }: NamedType): string {
  const prefix = file.proto.package === "" ? "" : `${file.proto.package}.`;
  return typeName.slice(prefix.length).replaceAll(".", "_");
}

/** `name`, `name$`, `name$1` and so on: the first that is free, and taken from now on. */
function freeName(name: string, taken: Set<string>): string {
  let free = safeIdentifier(name);
  for (let i = 0; taken.has(free); i++) free = safeIdentifier(`${name}$${i === 0 ? "" : i}`);
  taken.add(free);
  return free;
}

function nameOf(names: ReadonlyMap<NamedType, string>, desc: NamedType): string {
  const name = names.get(desc);
  if (name === undefined) throw new TypeError(`${desc} is not in its file`);
  return name;
}
