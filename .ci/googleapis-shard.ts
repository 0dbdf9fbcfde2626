// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation One process of googleapis.ts: a part of the files, named on its input. */
import { readFileSync } from "node:fs";
import { create, fromBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type FileDescriptorProto,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { filesOf, run, runEs } from "../test/plugin/harness.js";
import { typecheck } from "../test/plugin/typecheck.js";

/**
 * From this many types in a file on, protoc-gen-es takes minutes, because it is quadratic in them.
 * Only Compute's two files are as large. They are cut down to what the types in our output depend on:
 * messages that RPCs take or return, without fields and comments.
 */
const hugeFile = 2000;

/** One mistake tends to show in many files. */
const shownFaults = 20;

const [imagePath = ""] = process.argv.slice(2);
const names: string[] = JSON.parse(readFileSync(0, "utf8"));
const image = fromBinary(FileDescriptorSetSchema, readFileSync(imagePath));
const schema = withImports(image, names);
schema.file.filter((file) => countTypes(file) >= hugeFile).forEach(cutDown);

const ours = filesOf(run(schema, "target=ts,import_extension=js"));
// Types do not depend on comments, and finding these takes protoc-gen-es most of its time.
for (const file of schema.file) {
  file.sourceCodeInfo = undefined;
}
const theirs = filesOf(runEs(schema, "target=dts,import_extension=js"));
const faults = typecheck(
  new Map([...ours, ...theirs]),
  { typescript: "current", resolution: "nodenext" },
  (name) => ours.has(name),
);
console.log(`${ours.size} files generated and compiled, ${faults.length} faults`);
for (const fault of faults.slice(0, shownFaults)) {
  console.log(fault);
}
const missing = schema.file.filter((f) => f.service.length > 0).length - ours.size;
process.exitCode = faults.length === 0 && missing === 0 ? 0 : 1;

/** The files of those names, and all that they import, in the order of the image. */
function withImports({ file: files }: FileDescriptorSet, wanted: string[]): FileDescriptorSet {
  const byName = new Map(files.map((file) => [file.name, file]));
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (!found.has(name)) {
      found.add(name);
      byName.get(name)?.dependency.forEach(visit);
    }
  };
  wanted.forEach(visit);
  return create(FileDescriptorSetSchema, { file: files.filter((file) => found.has(file.name)) });
}

function countTypes(scope: FileDescriptorProto | DescriptorProto): number {
  const nested = "messageType" in scope ? scope.messageType : scope.nestedType;
  return nested.reduce((sum, type) => sum + 1 + countTypes(type), scope.enumType.length);
}

function cutDown(file: FileDescriptorProto): void {
  const rpcs = file.service.flatMap((service) => service.method);
  const used = new Set(rpcs.flatMap((rpc) => [rpc.inputType, rpc.outputType]));
  const keepUsed = (messages: DescriptorProto[], scope: string): DescriptorProto[] =>
    messages.filter((message) => {
      const name = `${scope}.${message.name}`;
      message.nestedType = keepUsed(message.nestedType, name);
      message.enumType = [];
      message.field = [];
      message.oneofDecl = [];
      return used.has(name) || message.nestedType.length > 0;
    });
  file.sourceCodeInfo = undefined;
  file.enumType = [];
  file.messageType = keepUsed(file.messageType, `.${file.package}`);
}
