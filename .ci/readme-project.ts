// SPDX-License-Identifier: Apache-2.0
// Writes the files that a page tells its reader to write, and its commands as scripts:
// tsx .ci/readme-project.ts PAGE FOLDER
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { codeBlocks } from "../test/docs/code-blocks.js";

const [page, folder] = process.argv.slice(2);
if (page === undefined || folder === undefined) {
  throw new Error("usage: tsx .ci/readme-project.ts PAGE FOLDER");
}

const markdown = readFileSync(new URL(`../${page}`, import.meta.url), "utf8");
for (const { title, language, text } of codeBlocks(page, markdown)) {
  if (title === undefined) continue;
  const path = join(folder, language === "sh" ? `${title}.sh` : title);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${text}\n`);
  console.log(`${page}: ${path}`);
}
