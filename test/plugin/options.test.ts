// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { run } from "./harness.js";

const emptySchema = create(FileDescriptorSetSchema, { file: [{ name: "a.proto" }] });
const errorOf = (parameter: string) => run(emptySchema, parameter).error;

test.each([
  ["sides=both", 'option sides: invalid value "both", allowed: server|client'],
  ["sides=", 'option sides: invalid value "", allowed: server|client'],
  ["sides", 'option sides: invalid value "", allowed: server|client'],
  ["sides=server+", 'option sides: invalid value "server+", allowed: server|client'],
  ["stream_names=long", 'option stream_names: invalid value "long", allowed: short|qualified'],
  ["target=tsx", 'option target: invalid value "tsx", allowed: js|ts|dts'],
  ["import_extension=mjs", 'option import_extension: invalid value "mjs", allowed: none|js|ts'],
  ["js_import_style=amd", "allowed: module|legacy_commonjs"],
  ["keep_empty_files=yes", "allowed: true|false"],
  ["ts_nocheck=maybe", "allowed: true|false"],
  ["elide_plugin_version", "allowed: true|false"],
  ["bootstrap_wkt=2", "allowed: true|false"],
  ["rewrite_imports=foo", "allowed: <pattern>:<target>"],
  ["map_imports=:foo", "allowed: <pattern>:<target>"],
])("%s is refused, with what is allowed", (parameter, message) => {
  expect(errorOf(parameter)).toContain(message);
  expect(errorOf(`target=ts,${parameter},sides=client`)).toContain(message);
});

test.each(["sidez=server", " sides=server", "", "Sides=server", "__proto__=1", "constructor"])(
  "unknown option %j is refused, with all that are known",
  (option) => {
    const error = errorOf(`target=ts,${option}`);
    expect(error).toContain(`unknown option ${JSON.stringify(option.replace(/=.*/, ""))}`);
    expect(error).toContain("sides=server|client");
    expect(error).toContain("stream_names=short|qualified");
    expect(error).toContain("target=js|ts|dts");
  },
);

test("a line break in an option stays out of the message", () => {
  expect(errorOf("sides=a\nb")).toMatch(/^[^\n]*"a\\nb"[^\n]*$/);
});

test.each([
  "sides=server",
  "sides=client+server",
  "sides=server+server",
  "stream_names=short,stream_names=qualified",
  "target=ts+js+dts",
  "import_extension=.js",
  "import_extension=",
  "keep_empty_files=1,ts_nocheck=0",
  "rewrite_imports=./a/*:@b/c",
  "map_imports=a/:@b/c",
])("%s is accepted", (parameter) => {
  expect(errorOf(parameter)).toBe("");
});

test("protoplugin knows no option that we do not", async () => {
  const entry = createRequire(import.meta.url).resolve("@bufbuild/protoplugin");
  const parser = await readFile(join(dirname(entry), "parameter.js"), "utf8");
  const options = [...parser.matchAll(/^ {12}case "(\w+)":/gm)].map(([, name = ""]) => name);
  expect(options.length).toBeGreaterThan(5);
  const known = errorOf("unknown");
  expect(options.filter((option) => !known.includes(` ${option}=`))).toEqual([]);
});
