// SPDX-License-Identifier: Apache-2.0
import { stripVTControlCharacters } from "node:util";
import { expect, it } from "vitest";
import { createNarrator, type Output } from "../../examples/terminal.js";

function told(output: Omit<Output, "write">): string {
  const lines: string[] = [];
  const narrator = createNarrator({ ...output, write: (text) => lines.push(text) });
  narrator.scene("Chat");
  narrator.client("Ada", "says hello");
  narrator.server("pushes it");
  narrator.good("All well.");
  return lines.join("");
}

const plain =
  "\nChat\n  Ada                  says hello\n  server               pushes it\n\nAll well.\n";

it.each([
  ["a file", {}],
  ["a terminal with NO_COLOR", { isTTY: true, hasColors: () => false }],
  ["a pipe", { isTTY: false, hasColors: () => true }],
])("is plain text for %s", (_, output) => {
  expect(told(output)).toBe(plain);
});

it("has colours on a terminal, and the same text", () => {
  const text = told({ isTTY: true, hasColors: () => true });
  expect(text).toContain("\u001b[");
  expect(stripVTControlCharacters(text)).toBe(plain);
});
