// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Where the schema of a project is. */
import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** The folders that imports of the project's `.proto` files begin at, as paths below it. */
export function findModules(project: string): string[] {
  const roots = new Set(protoFiles(project).map((file) => moduleOf(project, file)));
  const isWithin = (path: string, other: string) =>
    path !== other && (other === "." || path.startsWith(`${other}/`));
  return [...roots].filter((path) => ![...roots].some((other) => isWithin(path, other))).sort();
}

function protoFiles(folder: string): string[] {
  return entriesOf(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isFile()) return entry.name.endsWith(".proto") ? [path] : [];
    const isOwn = entry.name !== "node_modules" && !entry.name.startsWith(".");
    return entry.isDirectory() && isOwn ? protoFiles(path) : [];
  });
}

/** A folder that can't be read is none of the project. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Package `a.v1` is usually in the folder `a/v1`. */
function moduleOf(project: string, file: string): string {
  const [, name = ""] = /^\s*package\s+([\w.]+)\s*;/m.exec(readFileSync(file, "utf8")) ?? [];
  const folder = relative(project, join(file, "..")).split(sep).join("/");
  const ofPackage = name.replaceAll(".", "/");
  if (folder === ofPackage) return ".";
  const root = folder.endsWith(`/${ofPackage}`) ? folder.slice(0, -ofPackage.length - 1) : folder;
  return root || ".";
}
