// SPDX-License-Identifier: Apache-2.0
// Writes the files that the README tells a newcomer to write, and its commands as scripts:
// tsx .ci/readme-project.ts FOLDER
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { codeBlocks } from "../test/docs/code-blocks.js";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: tsx .ci/readme-project.ts FOLDER");

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
for (const { title, language, text } of codeBlocks("README.md", readme)) {
  if (title === undefined) continue;
  const path = join(folder, language === "sh" ? `${title}.sh` : title);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${text}\n`);
  console.log(`README: ${path}`);
}
