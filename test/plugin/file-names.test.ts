// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { filesOf, run } from "./harness.js";

// Made by hand: no compiler takes most of these names.
function schema(name: string, dependency?: string): FileDescriptorSet {
  return create(FileDescriptorSetSchema, {
    file: [
      ...(dependency === undefined ? [] : [{ name: dependency, syntax: "proto3" }]),
      {
        name,
        dependency: dependency === undefined ? [] : [dependency],
        syntax: "proto3",
        messageType: [{ name: "M" }],
        service: [{ name: "S", method: [{ name: "A", inputType: ".M", outputType: ".M" }] }],
      },
    ],
  });
}

const evil = [
  "../a.proto",
  "a/../../b.proto",
  "a/..",
  "./a.proto",
  "a//b.proto",
  "a/",
  "",
  "/etc/a.proto",
  "//a.proto",
  "C:/a.proto",
  "c:a.proto",
  "..\\a.proto",
  "a\\b.proto",
  "a\nexport const broken = 1; //.proto",
  "a\r.proto",
  "a\u2028.proto",
  "a\u2029.proto",
  "a\u0085.proto",
  "a\0.proto",
  "a\u001b[31m.proto",
];

describe.each(evil)("file name %j", (name) => {
  test("is refused in one printable line, without output", () => {
    const response = run(schema(name), "target=ts,keep_empty_files=true");
    expect(response.error).toMatch(/^file name ".*" (contains|is|has) [ -~]*$/);
    expect(response.file).toEqual([]);
  });

  test("is refused in an import", () => {
    expect(run(schema("a.proto", name)).error).toMatch(/^file name /);
  });
});

test.each([
  "a",
  "a.b.proto",
  "a*/b.proto",
  "a b/c.proto",
  '"a".proto',
  "ä/ß.proto",
  "..a/b...proto",
])("file name %j is fine, and stays within its comment and folder", (name) => {
  const [[output = "", content = ""] = []] = filesOf(run(schema(name)));
  expect(output).toBe(`${name.replace(/\.proto$/, "")}_stream.ts`);
  const code = content.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\/\/.*$/gm, "");
  expect(code.trimStart()).toMatch(/^import type /);
});
