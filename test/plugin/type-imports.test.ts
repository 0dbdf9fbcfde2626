// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { CodeGeneratorRequestSchema } from "@bufbuild/protobuf/wkt";
import { createEcmaScriptPlugin } from "@bufbuild/protoplugin";
import { expect, test } from "vitest";
import { nameTypes } from "../../plugin/src/type-imports.js";
import { compile, type Sources } from "./harness.js";

/** Names of all types: ours, and those that protoplugin has for them. */
async function namesOf(sources: Sources) {
  const ours: string[] = [];
  const theirs: string[] = [];
  const plugin = createEcmaScriptPlugin({
    name: "names",
    version: "v1",
    generateTs(schema) {
      for (const file of schema.allFiles) {
        const f = schema.generateFile(`${file.name}.ts`);
        const { shapes, schemas } = nameTypes(file);
        for (const type of nestedTypes(file)) {
          ours.push(`${type}: ${schemas.get(type)}`);
          theirs.push(`${type}: ${f.importSchema(type).name}`);
          if (type.kind !== "message" && type.kind !== "enum") continue;
          ours.push(`${type}: ${shapes.get(type)}`);
          theirs.push(`${type}: ${f.importShape(type).name}`);
        }
      }
    },
  });
  const protoFile = (await compile(sources)).file;
  const fileToGenerate = protoFile.map(({ name }) => name);
  plugin.run(
    create(CodeGeneratorRequestSchema, { parameter: "target=ts", protoFile, fileToGenerate }),
  );
  return { ours, theirs };
}

test("types have the names that protoplugin gives them", async () => {
  const { ours, theirs } = await namesOf({
    "a/clash-es.proto": `syntax = "proto2";
      package p.q;
      import "google/protobuf/descriptor.proto";
      message Foo { message Bar { enum Baz { A = 0; } } message Schema {} }
      message Foo_Bar { extend google.protobuf.FieldOptions { optional string inner = 50000; } }
      message Foo_BarSchema {}
      message FooSchema {}
      message FooSchemaSchema {}
      message Foo_Schema {}
      message file_a_clash_es {}
      message delete {}
      message Promise {}
      enum Foo_Bar_Baz { B = 0; }
      enum Foo_Bar_BazSchema { C = 0; }
      service Service { rpc A(Foo) returns (Foo); }
      service import { rpc A(Foo) returns (Foo); }
      message ServiceSchema {}
      extend google.protobuf.FieldOptions { optional string outer = 50001; }
      extend google.protobuf.FieldOptions { optional string Foo_Bar_inner = 50002; }`,
    "no_package.proto": `syntax = "proto3"; message M { message N {} } message M_N {}`,
  });
  expect(ours).toEqual(theirs);
  expect(ours.filter((name) => name.endsWith("$")).length).toBeGreaterThan(5);
  expect(ours.some((name) => name.endsWith("$1"))).toBe(true);
});
