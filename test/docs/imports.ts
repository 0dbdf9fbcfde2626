// SPDX-License-Identifier: Apache-2.0

/** What a file imports by name: for each name, where from. `type` does not matter here. */
export type Imports = ReadonlyMap<string, string>;

const statement = /^import (?:type )?(\* as \w+|\w+|\{[^}]*\}) from "([^"]+)";\n*/gm;
const leading = new RegExp(`^(?:${statement.source.slice(1)})+`);

/** A block's imports, which come first, and what comes behind them. */
export function splitImports(text: string): { imports: string; rest: string } {
  const [imports = ""] = leading.exec(text) ?? [];
  return { imports, rest: text.slice(imports.length) };
}

/** The names that `text` imports. Generated files are in the same place, wherever a file is. */
export function importsOf(text: string): Imports {
  return new Map(
    [...text.matchAll(statement)].flatMap(([, names = "", from = ""]) =>
      names
        .replace(/^\* as |[{}]/g, "")
        .split(",")
        .map((name) => name.trim().replace(/^type /, ""))
        .filter((name) => name !== "")
        .map((name) => [name, samePlace(from)] as const),
    ),
  );
}

/** What a reader needs of a file's imports for a piece of it: not those of its test. */
export function neededImports(piece: string, file: Imports): Imports {
  return new Map(
    [...file].filter(
      ([name, from]) =>
        from !== "vitest" &&
        (!from.startsWith(".") || from.startsWith("…/gen/")) &&
        new RegExp(`(?<![\\w.$"'\`/-])${name}(?![\\w$"'\`-]|: )`).test(withoutComments(piece)),
    ),
  );
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\/.*$|\/\*.*?\*\//gms, (comment) =>
    comment.startsWith("//") ? "" : " ",
  );
}

function samePlace(from: string): string {
  return from.replace(/^(?:\.\.?\/)+(?:\w+\/)?gen\//, "…/gen/");
}
