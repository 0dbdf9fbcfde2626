// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Compiles generated code, in memory, as strictly as TypeScript can. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type ts from "typescript";
import { type Files, repository } from "./harness.js";

/** Time for a test that compiles very much, in milliseconds, on a machine that has more to do. */
export const COMPILES_MS = 180_000;

/** How to compile. */
export interface Compilation {
  readonly typescript: "current" | "5.4";
  readonly resolution: "nodenext" | "bundler";
}

/** Every way in which generated code must compile. */
export const compilations: readonly Compilation[] = (["current", "5.4"] as const).flatMap(
  (typescript) =>
    (["nodenext", "bundler"] as const).map((resolution) => ({ typescript, resolution })),
);

/**
 * Reports what the compiler finds in those `files` for which `isChecked`. The files are looked up as
 * if they were in the repository's folder `directory`, so that packages resolve.
 */
export function typecheck(
  files: Files,
  { typescript, resolution }: Compilation,
  isChecked: (name: string) => boolean = () => true,
): string[] {
  const compiler = load(typescript);
  const options = compilerOptions(compiler, typescript, resolution);
  const host = memoryHost(compiler, options, files);
  const checked = [...files.keys()].filter(isChecked);
  const program = compiler.createProgram({ rootNames: checked.map(path), options, host });
  const sources = checked.map((name) => {
    const source = program.getSourceFile(path(name));
    if (source === undefined) {
      throw new Error(`${name} is not part of the program`);
    }
    return source;
  });
  const faults = [
    ...program.getOptionsDiagnostics(),
    ...sources.flatMap((source) => [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
      ...(source.isDeclarationFile ? [] : program.getDeclarationDiagnostics(source)),
    ]),
  ];
  return faults.map(
    ({ file, messageText }) =>
      `${file?.fileName ?? ""}: ${compiler.flattenDiagnosticMessageText(messageText, "\n")}`,
  );
}

function path(name: string): string {
  return join(repository, "test/plugin/generated", name);
}

const require = createRequire(import.meta.url);

function load(version: Compilation["typescript"]): typeof ts {
  return version === "current" ? require("typescript") : require(oldTypescript());
}

/** The oldest version that users may have: protoplugin brings it. */
function oldTypescript(): string {
  const protoplugin = dirname(require.resolve("@bufbuild/protoplugin"));
  return createRequire(join(protoplugin, "index.js")).resolve("typescript");
}

function compilerOptions(
  compiler: typeof ts,
  version: Compilation["typescript"],
  resolution: Compilation["resolution"],
): ts.CompilerOptions {
  const isNode = resolution === "nodenext";
  return {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
    verbatimModuleSyntax: true,
    isolatedModules: true,
    ...(version === "5.4" ? {} : { isolatedDeclarations: true }),
    declaration: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    target: compiler.ScriptTarget.ES2022,
    lib: ["lib.es2022.d.ts", "lib.esnext.disposable.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    types: [],
    module: isNode ? compiler.ModuleKind.NodeNext : compiler.ModuleKind.ESNext,
    moduleResolution: isNode
      ? compiler.ModuleResolutionKind.NodeNext
      : compiler.ModuleResolutionKind.Bundler,
  };
}

/** Parsed once for all programs: the standard library is most of the work. */
const parsed = new Map<string, ts.SourceFile | undefined>();

function memoryHost(
  compiler: typeof ts,
  options: ts.CompilerOptions,
  files: Files,
): ts.CompilerHost {
  const contents = new Map([...files].map(([name, content]) => [path(name), content]));
  const host = compiler.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  // Without it, TypeScript takes every directory to exist, also those in memory.
  delete host.directoryExists;
  return {
    ...host,
    fileExists: (name) => contents.has(name) || fileExists(name),
    readFile: (name) => contents.get(name) ?? readFile(name),
    getSourceFile(name, languageVersion, ...rest) {
      const content = contents.get(name);
      if (content !== undefined) {
        return compiler.createSourceFile(name, content, languageVersion);
      }
      // How a file resolves its imports is part of it, but the standard library has none.
      const kind = name.includes("/typescript/lib/") ? "lib" : options.moduleResolution;
      const key = `${compiler.version} ${kind} ${name}`;
      if (!parsed.has(key)) {
        parsed.set(key, getSourceFile(name, languageVersion, ...rest));
      }
      return parsed.get(key);
    },
  };
}
