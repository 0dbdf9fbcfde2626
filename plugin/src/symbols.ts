// SPDX-License-Identifier: Apache-2.0
import type { DescFile, DescMessage, DescService } from "@bufbuild/protobuf";
import type { GeneratedFile, ImportSymbol } from "@bufbuild/protoplugin";
import { ownImportPath, runtimeModule } from "./names.js";
import type { TypeImports } from "./type-imports.js";

/**
 * What one generated file refers to. Everything goes through protoplugin's symbols, also globals
 * and parameters: protoplugin gives an alias to an import whose name is taken, and does not know
 * that a name is taken unless a symbol says so.
 */
export interface Symbols {
  /** A type of the runtime. */
  type(name: string): ImportSymbol;
  /** A function of the runtime. */
  value(name: string): ImportSymbol;
  /** A global, or a parameter of a generated function. No import may take its name. */
  local(name: string): ImportSymbol;
  /** The TypeScript type of a message. */
  shape(message: DescMessage): ImportSymbol;
  /** The descriptor of a message, for `typeof`. */
  schema(message: DescMessage): ImportSymbol;
  /** The same, for a call. */
  schemaValue(message: DescMessage): ImportSymbol;
  /** The descriptor of a service. */
  service(service: DescService): ImportSymbol;
}

/** Symbols for `f`, which is generated for `file`. */
export function createSymbols(f: GeneratedFile, file: DescFile, types: TypeImports): Symbols {
  return {
    type: (name) => f.import(name, runtimeModule, true),
    value: (name) => f.import(name, runtimeModule),
    local: (name) => f.import(name, ownImportPath(file)),
    shape: (message) => types.shape(f, message),
    schema: (message) => types.schema(f, message, true),
    schemaValue: (message) => types.schema(f, message),
    service: (service) => types.schema(f, service),
  };
}
