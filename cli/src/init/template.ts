// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The files of a new project, which this package has in `template/`. */
import { readFileSync } from "node:fs";
import type { ProjectFile } from "../project-files.js";

const folder = new URL("../../template/", import.meta.url);

/** Configuration. npm leaves out files named .gitignore when it packs. */
export function configuration(): ProjectFile[] {
  const ignored = { path: ".gitignore", text: read("gitignore") };
  return [...["buf.yaml", "buf.gen.yaml", "tsconfig.json"].map(file), ignored];
}

/** The first service. */
export function firstService(): ProjectFile[] {
  const names = ["handler.ts", "server.ts", "client.ts", "handler.test.ts"];
  const code = names.map((name) => file(`src/counter/${name}`));
  return [file("proto/counter/v1/counter.proto"), ...code];
}

function file(path: string): ProjectFile {
  return { path, text: read(path) };
}

function read(path: string): string {
  return readFileSync(new URL(path, folder), "utf8");
}
