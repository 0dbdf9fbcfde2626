// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation A new project, or what an existing one lacks. */

import { statSync } from "node:fs";
import { basename, relative, resolve } from "node:path";
import { createInterface } from "node:readline";
import { reasonOf, UsageError } from "../exit.js";
import type { Io } from "../io.js";
import { has, isErrno, type ProjectFile, writeFiles } from "../project-files.js";
import { adviceFor } from "./advice.js";
import { findModules } from "./modules.js";
import { packageJson } from "./packages.js";
import { configuration, firstService } from "./template.js";

/** Any of them makes a folder a project. */
const marks = ["package.json", "buf.yaml", "buf.gen.yaml", "tsconfig.json"];

/** Starts a project in `folder`. In one that exists, it asks before it adds to it. */
export async function initProject(folder: string, yes: boolean, io: Io): Promise<void> {
  const project = resolve(io.cwd, folder);
  checkFolder(project);
  const modules = has(project, ".") ? findModules(project) : [];
  const hasSchema = modules.length > 0;
  const isNew = !hasSchema && !marks.some((name) => has(project, name));
  const files = filesFor(project, modules).filter(({ path }) => !has(project, path));
  const advice = isNew ? [] : adviceFor(project, !hasSchema);
  const written = isNew || files.length === 0 || (await mayWrite(files, yes, io));
  if (files.length === 0) await io.write("This project has all files already.\n");
  else if (written) await writeFiles(project, files, io);
  if (advice.length > 0) await io.write(`\nTo change by hand:\n\n${advice.join("\n")}`);
  if (written) await io.write(`\n${nextSteps(relative(io.cwd, project), isNew, hasSchema)}`);
}

function checkFolder(project: string): void {
  if (isFolder(project) === false) throw new UsageError(`${project} is not a folder`);
}

/** `undefined`: there is nothing. Throws a `UsageError` where nothing can be. */
function isFolder(path: string): boolean | undefined {
  try {
    // With `throwIfNoEntry: false`, Node 24 takes a path below a file for one with nothing there.
    return statSync(path).isDirectory();
  } catch (cause) {
    if (isErrno(cause) && cause.code === "ENOENT") return undefined;
    throw new UsageError(`cannot use ${path}: ${reasonOf(cause)}`);
  }
}

function filesFor(project: string, modules: readonly string[]): ProjectFile[] {
  const hasSchema = modules.length > 0;
  const adapt: Readonly<Record<string, (text: string) => string>> = {
    "buf.yaml": (text) =>
      hasSchema ? text.replace("  - path: proto\n", moduleLines(modules)) : text,
    // Without inputs, buf generates from all modules of buf.yaml.
    "buf.gen.yaml": (text) =>
      hasSchema || has(project, "buf.yaml") ? text.replace(/^inputs:\n.*\n/m, "") : text,
  };
  return [
    { path: "package.json", text: packageJson(basename(project)) },
    ...configuration().map(({ path, text }) => ({ path, text: adapt[path]?.(text) ?? text })),
    ...(hasSchema ? [] : firstService()),
  ];
}

function moduleLines(modules: readonly string[]): string {
  return modules.map((path) => `  - path: ${path}\n`).join("");
}

async function mayWrite(files: readonly ProjectFile[], yes: boolean, io: Io): Promise<boolean> {
  if (yes) return true;
  const list = files.map(({ path }) => `  ${path}\n`).join("");
  await io.write(`This project exists. Missing files:\n${list}`);
  if (io.stdin.isTTY && io.stdout.isTTY) return confirm(io);
  await io.write("Nothing was written. Use --yes to write these files.\n");
  return false;
}

async function confirm({ stdin, stdout }: Io): Promise<boolean> {
  const terminal = createInterface({ input: stdin, output: stdout });
  const answer = await new Promise<string>((resolve) => {
    // Ctrl-C and Ctrl-D are no answer.
    terminal.on("close", () => resolve(""));
    terminal.question("Write them? [y/N] ", resolve);
  });
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

function nextSteps(folder: string, isNew: boolean, hasSchema: boolean): string {
  const steps = [
    ...(folder === "" ? [] : [`cd ${folder}`]),
    "npm install",
    "npx buf generate",
    ...(hasSchema
      ? ["npx connect-stream example SERVICE    writes code for a service of yours"]
      : []),
    ...(isNew ? newSteps : []),
  ];
  const lines = steps.map((step) => `  ${step}\n`).join("");
  return `Next:\n${lines}\nDocs: https://github.com/connect-stream/connect-stream/tree/main/docs\n`;
}

/** What a new project has. */
const newSteps = [
  "npm test",
  "npm start         serves",
  "npm run client    calls, in another terminal",
];
