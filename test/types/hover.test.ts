// SPDX-License-Identifier: Apache-2.0
// What an editor shows of a member of a stream or a handler, as it finds it in generated code.
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const files = ["monitor", "analytics", "chat"].map((name) => `gen/${name}/v1/${name}_stream.ts`);
const { config } = ts.readConfigFile(`${repository}tsconfig.base.json`, ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, repository);
const program = ts.createProgram(
  files.map((file) => repository + file),
  { ...options, noEmit: true },
);
const checker = program.getTypeChecker();

const interfaces = files
  .flatMap((file) => [...(program.getSourceFile(repository + file)?.statements ?? [])])
  .filter(ts.isInterfaceDeclaration)
  .map((declaration) => [declaration.name.text, declaration] as const);

/** The text of a member's TSDoc; that of what it overrides, if it has none. */
function hoverOf(symbol: ts.Symbol): string {
  return ts.displayPartsToString(symbol.getDocumentationComment(checker));
}

test("there are streams of all kinds, handlers and clients", () => {
  const names = interfaces.map(([name]) => name);
  for (const rpc of ["Watch", "Process", "Connect"]) {
    expect(names).toContain(`${rpc}ServerStream`);
    expect(names).toContain(`${rpc}ClientStream`);
  }
});

describe.each(interfaces)("%s", (_, declaration) => {
  const members = checker.getPropertiesOfType(checker.getTypeAtLocation(declaration));
  // Symbols, such as Symbol.asyncIterator, are not called by name.
  const named = members.filter(({ name }) => !name.startsWith("__@"));

  test("every member says what it is, or does", () => {
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((member) => hoverOf(member) === "").map(({ name }) => name)).toEqual([]);
  });
});
