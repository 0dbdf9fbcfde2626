// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What the generator would refuse in a schema, all at once, with its lines. */
import type { DescField, DescFile, DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";
import { errorsOf } from "./errors.js";
import { messageFinder } from "./initial-metadata.js";
import { nameFile } from "./names.js";
import { OptionPlace } from "./option-place.js";
import { policiesOf } from "./policy.js";
import { type Report, reporting, type SchemaError } from "./schema-error.js";
import { readOptions } from "./schema-options.js";

/** A mistake in a schema. */
export interface SchemaFault {
  /** The file, as its imports name it. */
  readonly file: string;
  /** From 1. Without source information in the schema, both are 1. */
  readonly line: number;
  readonly column: number;
  /** As the generator says it, without the file. */
  readonly message: string;
}

/**
 * The mistakes in `files`, by file and line. `allFiles`: these, and all that they import. The
 * generator stops at the first of them.
 */
export function lintSchema(
  files: readonly DescFile[],
  allFiles: readonly DescFile[],
): SchemaFault[] {
  const options = readOptions(allFiles);
  const findMessage = messageFinder(allFiles);
  return files.flatMap((file) => {
    const faults = new Map<string, SchemaFault>();
    // Options of an RPC are read more than once.
    const report: Report = (error) => faults.set(error.message, faultOf(file, error));
    reporting(report, () => nameFile(file, "short"));
    for (const service of file.services) {
      policiesOf(service, options, findMessage, report);
      errorsOf(service, options, report);
    }
    return [...faults.values()].sort((a, b) => a.line - b.line || a.column - b.column);
  });
}

function faultOf(file: DescFile, error: SchemaError): SchemaFault {
  const { name } = file.proto;
  const message = error.message.slice(`${name}: `.length);
  const [line, column] = positionOf(file, error.place ? sourcePath(error.place) : []);
  return { file: name, line, column, message };
}

/** https://protobuf.com/docs/descriptors#source-code-info: fields of FileDescriptorProto. */
const SERVICE = 6;
const METHOD = 2;
const OPTIONS = { service: 3, rpc: 4 } as const;

function sourcePath(place: OptionPlace | DescService | DescMethod): number[] {
  if (!(place instanceof OptionPlace)) return descPath(place);
  const { desc, option, path } = place;
  const start = [...descPath(desc), OPTIONS[desc.kind], option.number];
  return option.message ? [...start, ...fieldPath(option.message, path)] : start;
}

function descPath(desc: DescService | DescMethod): number[] {
  if (desc.kind === "service") return [SERVICE, desc.file.services.indexOf(desc)];
  return [...descPath(desc.parent), METHOD, desc.parent.methods.indexOf(desc)];
}

/** `.server.timeouts` or `.errors[0].reason`, as numbers. */
function fieldPath(message: DescMessage, path: string): number[] {
  const numbers: number[] = [];
  let parent: DescMessage | undefined = message;
  for (const [, name, index] of path.matchAll(/\.(\w+)(?:\[(\d+)\])?/g)) {
    const field: DescField | undefined = parent?.fields.find((one) => one.name === name);
    if (!field) break;
    numbers.push(field.number, ...(index === undefined ? [] : [Number(index)]));
    parent = field.message;
  }
  return numbers;
}

/** The place itself, something in it, or what is around: compilers differ in how deep they go into an option. */
function positionOf(file: DescFile, path: readonly number[]): [line: number, column: number] {
  const locations = file.proto.sourceCodeInfo?.location ?? [];
  const around = path.map((_, i) => path.slice(0, path.length - i));
  const location =
    locations.find((one) => isSame(one.path, path)) ??
    locations.find((one) => isSame(one.path.slice(0, path.length), path)) ??
    around.flatMap((outer) => locations.find((one) => isSame(one.path, outer)) ?? [])[0];
  const [line = 0, column = 0] = location?.span ?? [];
  return [line + 1, column + 1];
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((number, i) => number === b[i]);
}
