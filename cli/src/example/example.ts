// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The files that show how a service is implemented, served, called and tested. */
import { join, posix, relative, resolve, sep } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { describeService, lintSchema } from "protoc-gen-connect-stream/schema";
import { CliError, exit, UsageError } from "../exit.js";
import type { Io } from "../io.js";
import { hint } from "../options.js";
import { has, type ProjectFile, writeFiles } from "../project-files.js";
import { type FullSchema, loadFullSchema } from "../schema/full-schema.js";
import { clientFile } from "./client.js";
import type { Target } from "./code.js";
import { handlerFile } from "./handler.js";
import { generatedFolder, testRunner } from "./project.js";
import { serverFile } from "./server.js";
import { testFile } from "./test.js";

/** What the user has chosen. */
export interface ExampleOptions {
  readonly schema?: string | undefined;
  readonly out?: string | undefined;
  readonly gen?: string | undefined;
  readonly runner?: string | undefined;
}

/** Writes the files for the service that `name` names, and says what to do next. */
export async function writeExample(name: string, options: ExampleOptions, io: Io): Promise<void> {
  const schema = await loadFullSchema(options.schema ?? ".", io);
  const service = findService(name, schema);
  if (service.methods.length === 0) throw new CliError(`${service} has no RPCs`);
  checkSchema(service, schema);
  const out = options.out ?? join("src", folderName(service));
  const gen = options.gen ?? generatedFolder(io.cwd);
  const target: Target = {
    typeName: service.typeName,
    service: describeService(service, schema.allFiles),
    gen: importPath(resolve(io.cwd, out), resolve(io.cwd, gen)),
    runner: (options.runner ?? testRunner(io.cwd)) === "vitest" ? "vitest" : "node",
  };
  const written = await writeFiles(io.cwd, filesOf(target, out), io);
  if (written === 0) return io.write("\nNothing is written; --out DIR takes another folder.\n");
  await io.write(`\nNext:\n${nextSteps(target, out, gen, io)}`);
}

function filesOf(target: Target, out: string): ProjectFile[] {
  return [
    { path: join(out, "handler.ts"), text: handlerFile(target) },
    { path: join(out, "server.ts"), text: serverFile(target) },
    { path: join(out, "client.ts"), text: clientFile(target) },
    { path: join(out, "handler.test.ts"), text: testFile(target) },
  ];
}

function nextSteps(target: Target, out: string, gen: string, io: Io): string {
  const { file } = target.service;
  const isGenerated = [".ts", ".js"].some((ending) => has(resolve(io.cwd, gen), file + ending));
  const test = target.runner === "vitest" ? "vitest run" : "tsx --test";
  return [
    ...(isGenerated ? [] : ["npx buf generate"]),
    `npx ${test} ${join(out, "handler.test.ts")}`,
    `npx tsx ${join(out, "server.ts")}`,
    `npx tsx ${join(out, "client.ts")}    in another terminal`,
  ]
    .map((line) => `  ${line}\n`)
    .join("");
}

/** By its full name, or its own if no other service has that. */
function findService(name: string, { allFiles }: FullSchema): DescService {
  const all = allFiles.flatMap(({ services }) => services);
  const found = all.filter((service) => service.typeName === name);
  const named = found.length > 0 ? found : all.filter((service) => service.name === name);
  const [service, other] = named;
  if (service && !other) return service;
  const list = (other ? named : all).map(({ typeName }) => `\n  ${typeName}`).join("");
  if (other) throw new UsageError(`more than one service is named ${name}:${list}`);
  const near = hint(
    name,
    all.flatMap((one) => [one.typeName, one.name]),
  );
  const known = near || (all.length > 0 ? `, but has:${list}` : ", nor any other");
  throw new UsageError(`the schema has no service ${name}${known}`);
}

/** The generator would refuse it, too. */
function checkSchema({ file }: DescService, { allFiles }: FullSchema): void {
  const [fault] = lintSchema([file], allFiles);
  if (!fault) return;
  const { line, column, message } = fault;
  throw new CliError(`${fault.file}:${line}:${column}: ${message}`, exit.usage);
}

/** `MonitorService` is at home in `monitor`. */
function folderName({ name }: DescService): string {
  const base = name.replace(/(?<=.)Service$/, "");
  return base.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, "-").toLowerCase();
}

function importPath(from: string, to: string): string {
  const path = relative(from, to).split(sep).join(posix.sep);
  return path.startsWith(".") ? path : `./${path}`;
}
