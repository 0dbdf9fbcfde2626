// SPDX-License-Identifier: Apache-2.0
// Code in README and docs is code that runs: each block is part of a file that tests run.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { type CodeBlock, codeBlocks, dedent } from "./code-blocks.js";
import { importsOf, neededImports, splitImports } from "./imports.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const texts = new Map<string, string>();
function read(path: string): string {
  const text = texts.get(path) ?? readFileSync(join(root, path), "utf8");
  texts.set(path, text);
  return text;
}
const list = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) =>
    join(folder, name),
  );

const pages = ["README.md", "plugin/README.md", "runtime/README.md", "CONTRIBUTING.md"].concat(
  list("docs").filter((path) => path.endsWith(".md")),
);
const sources = ["examples", "proto", "test/docs/snippets", "test/proxies", "test/support/proto"]
  .flatMap(list)
  .concat("buf.gen.yaml", "package.json")
  .filter((path) => /\.(ts|proto|yaml|json|conf|cfg)$/.test(path));

/** Commands that `.ci/run` runs. Those of blocks with a title are run by `.ci/third-party.sh`. */
const commands = ["npm ci && npm start", "npm ci && npm test"];

/** Languages of code that is part of a file that runs. */
const inFiles = ["ts", "proto", "yaml", "json", "nginx", "haproxy"];

/** Pages may have as many lines, without what the bench writes. */
const longestPage = 200;

/** The generated files are elsewhere in a reader's project. */
const samePaths = (text: string) => text.replaceAll(/"(\.\.\/)+gen\//g, '"…/gen/');

/** The files that have this code. Its imports come first, and may be elsewhere in the file. */
function filesWith({ language, text }: CodeBlock): string[] {
  if (language !== "ts") return sources.filter((path) => isPartOf(text, read(path)));
  const { imports, rest } = splitImports(text);
  return sources.filter((path) => {
    const file = importsOf(read(path));
    const isFrom = ([name, from]: [string, string]) => file.get(name) === from;
    return isPartOf(rest, read(path)) && [...importsOf(imports)].every(isFrom);
  });
}

/** What the block uses of the file's imports, and does not import. */
function missingImports({ text }: CodeBlock, path: string): string[] {
  const { imports, rest } = splitImports(text);
  const names = importsOf(imports);
  return [...neededImports(rest, importsOf(read(path))).keys()].filter((name) => !names.has(name));
}

/** Every run of as many lines as the block has, dedented as the block is. */
function isPartOf(block: string, source: string): boolean {
  const wanted = samePaths(block);
  const [first = ""] = wanted.split("\n", 1);
  const same = samePaths(source);
  if (!same.includes(first)) return false;
  const lines = same.split("\n");
  const { length } = wanted.split("\n");
  return lines.some(
    (line, at) =>
      line.endsWith(first) && dedent(lines.slice(at, at + length).join("\n")).trimEnd() === wanted,
  );
}

const blocks = pages.flatMap((page) => codeBlocks(page, read(page)));
const code = blocks.filter(({ language }) => inFiles.includes(language));
const shell = blocks.filter(({ language, title }) => language === "sh" && title === undefined);
const name = ({ place, language }: CodeBlock) => [`${place} (${language})`] as const;

it.each(code.map((block) => [...name(block), block] as const))("%s is run", (_, block) => {
  expect(filesWith(block), `no file has this code:\n${block.text}`).not.toHaveLength(0);
});

const typescript = code.filter((block) => block.language === "ts" && !isGenerated(block));

it.each(typescript.map((block) => [...name(block), block] as const))(
  "%s has its imports",
  (_, block) => {
    expect(filesWith(block).map((path) => missingImports(block, path))).toContainEqual([]);
  },
);

/** Shows what the generator writes. */
function isGenerated(block: CodeBlock): boolean {
  return filesWith(block).some((path) => path.includes("/gen/"));
}

it.each(shell.map((block) => [...name(block), block] as const))("%s is run", (_, { text }) => {
  expect(commands).toEqual(expect.arrayContaining(text.split("\n").filter((line) => line !== "")));
});

it("packages begin with the commands that the README begins with, which run", () => {
  const titled = blocks.filter(({ language, title }) => language === "sh" && title !== undefined);
  const commandsOf = (pages: RegExp) =>
    titled.filter(({ place }) => pages.test(place)).map(({ title, text }) => ({ title, text }));
  const told = commandsOf(/^(plugin|runtime)\//);
  expect(told).not.toHaveLength(0);
  expect(commandsOf(/^README/)).toEqual(expect.arrayContaining(told));
});

it("knows the language of every block", () => {
  const known = [...inFiles, "sh", "text", "mermaid"];
  expect(blocks.filter(({ language }) => !known.includes(language))).toEqual([]);
});

it.each(pages)("%s is not too long, and says first what it is for", (page) => {
  const text = read(page).replaceAll(/<!-- bench: (.*?) -->.*?<!-- \/bench: \1 -->/gs, "");
  expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(longestPage);
  expect(text).toMatch(/^# .+\n\n\S/);
});

it("the index has every page", () => {
  const index = read("docs/README.md");
  const others = pages.filter((page) => page.startsWith("docs/") && page !== "docs/README.md");
  expect(others.filter((page) => !index.includes(`](${page.slice("docs/".length)})`))).toEqual([]);
});

it.each(pages)("%s links to files that exist", (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link]) => link ?? "");
  expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
});

it.each(pages)("%s links to headings that exist", (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)];
  const missing = links.filter(([, path, heading]) => {
    const target = path ? join(dirname(page), path) : page;
    return !headings(read(target)).includes(heading ?? "");
  });
  expect(missing.map(([link]) => link)).toEqual([]);
});

/** The headings of a page, as GitHub makes anchors of them. */
function headings(markdown: string): string[] {
  const lines = markdown.matchAll(/^#+ (.*)$/gm);
  return [...lines].map(([, text = ""]) =>
    text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
