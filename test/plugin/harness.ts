// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Runs the plugin in memory, on real and on hand-made descriptors. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { create, fromBinary } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  type CodeGeneratorResponse,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import type { Plugin } from "@bufbuild/protoplugin";
import { createConnectStreamPlugin } from "../../plugin/src/index.js";

export const repository: string = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

const require = createRequire(import.meta.url);

/** Output files by name. */
export type Files = Map<string, string>;

/** `.proto` sources by name. */
export type Sources = Readonly<Record<string, string>>;

/** Compiles `.proto` sources with the real buf. They may import `connectstream/v1/options.proto`. */
export async function compile(sources: Sources): Promise<FileDescriptorSet> {
  // Inside of the repository, because a workspace of buf is one folder.
  await mkdir(join(repository, ".tmp"), { recursive: true });
  const directory = await mkdtemp(join(repository, ".tmp/compile-"));
  try {
    for (const [name, text] of Object.entries(sources)) {
      await mkdir(dirname(join(directory, name)), { recursive: true });
      await writeFile(join(directory, name), text);
    }
    return await compileDirectory(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Compiles the `.proto` files below a directory of the repository with the real buf. */
export async function compileDirectory(directory: string): Promise<FileDescriptorSet> {
  const path = relative(repository, directory);
  const options = { path: "proto", includes: ["proto/connectstream"] };
  const config = JSON.stringify({ version: "v2", modules: [{ path }, options] });
  const [program, ...args] = bufCommand;
  const image = await promisify(execFile)(
    program,
    [...args, "build", path, "--config", config, "-o", "-#format=binpb"],
    { cwd: repository, encoding: "buffer", maxBuffer: 1 << 28 },
  );
  return fromBinary(FileDescriptorSetSchema, image.stdout);
}

/** buf itself where npm has it for this machine: the script in front of it takes as long again. */
const bufCommand = findBuf();

function findBuf(): readonly [string, ...string[]] {
  const script = require.resolve("@bufbuild/buf/bin/buf");
  const { optionalDependencies } = require("@bufbuild/buf/package.json");
  const programs = Object.keys(optionalDependencies).map((name) =>
    join(repository, "node_modules", name, "bin/buf"),
  );
  const program = programs.find((path) => existsSync(path));
  return program === undefined ? [process.execPath, script] : [program];
}

/** Runs our plugin on the files of `set` that are neither well-known types nor our options. */
export function run(set: FileDescriptorSet, parameter = "target=ts"): CodeGeneratorResponse {
  return runPlugin(
    createConnectStreamPlugin(),
    set,
    parameter,
    /^(google\/protobuf|connectstream)\//,
  );
}

/** Runs protoc-gen-es the same way. Options that it does not know are left out. */
export function runEs(set: FileDescriptorSet, parameter = "target=ts"): CodeGeneratorResponse {
  const { protocGenEs }: { protocGenEs: Plugin } = require(
    join(
      dirname(require.resolve("@bufbuild/protoc-gen-es/package.json")),
      "dist/cjs/src/protoc-gen-es-plugin.js",
    ),
  );
  const known = parameter
    .split(",")
    .filter((option) => !/^(sides|stream_names|map_imports)=/.test(option));
  return runPlugin(protocGenEs, set, known.join(","), /^google\/protobuf\//);
}

function runPlugin(
  plugin: Plugin,
  set: FileDescriptorSet,
  parameter: string,
  imported: RegExp,
): CodeGeneratorResponse {
  const names = set.file.map((file) => file.name);
  return plugin.run(
    create(CodeGeneratorRequestSchema, {
      parameter,
      protoFile: set.file,
      fileToGenerate: names.filter((name) => !imported.test(name)),
    }),
  );
}

/** The files of responses, which must have no error. */
export function filesOf(...responses: readonly CodeGeneratorResponse[]): Files {
  const error = responses.map((response) => response.error).join("");
  if (error !== "") {
    throw new Error(`the plugin reported: ${error}`);
  }
  return new Map(responses.flatMap(({ file }) => file.map(({ name, content }) => [name, content])));
}

/** Compiles `sources`, runs our plugin, and returns the content of the only file. */
export async function generateOne(sources: Sources | string, parameter?: string): Promise<string> {
  const set = await compile(typeof sources === "string" ? { "a.proto": sources } : sources);
  const [content, ...others] = filesOf(run(set, parameter)).values();
  if (content === undefined || others.length > 0) {
    throw new Error(`expected one file, got ${others.length + 1}`);
  }
  return content;
}
