// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { type FileInit, file } from "./descriptor-files.js";
import { run } from "./harness.js";

describe("names that no compiler lets through", () => {
  const rule = "rename it: a letter or underscore first, then letters, digits and underscores";

  test.each([
    ["message", ["1a", "S", "A"], "1a"],
    ["message", ["M\n", "S", "A"], "M\\n"],
    ["message", ["M\u2028", "S", "A"], "M\\u2028"],
    ["message", ["caf\u00e9", "S", "A"], "caf\u00e9"],
    ["message", ["", "S", "A"], ""],
    ["service", ["M", "1S", "A"], "1S"],
    ["service", ["M", "S {} //", "A"], "S {} //"],
    ["rpc", ["M", "S", "1A"], "1A"],
    ["rpc", ["M", "S", "A-B"], "A-B"],
  ])("%s in %j", (kind, [message = "", service = "", name = ""], printed) => {
    const set = create(FileDescriptorSetSchema, {
      file: [file("x", { [service]: [{ name, message }] }, [message])],
    });
    expect(run(set).error).toBe(`x.proto: ${kind} name "${printed}" is not an identifier, ${rule}`);
    expect(run(set).file).toEqual([]);
  });

  test("nested messages, packages and imported files", () => {
    const imported = (init: FileInit) =>
      create(FileDescriptorSetSchema, {
        file: [
          { ...init, name: "google/protobuf/x.proto", syntax: "proto3" },
          { ...file("y", { S: [{ name: "A" }] }), dependency: ["google/protobuf/x.proto"] },
        ],
      });
    const where = "google/protobuf/x.proto: ";
    const nested = { name: "M", nestedType: [{ name: "N", nestedType: [{ name: "2" }] }] };
    expect(run(imported({ messageType: [nested] })).error).toBe(
      `${where}message name "2" is not an identifier, ${rule}`,
    );
    expect(run(imported({ package: "a.*/.b" })).error).toBe(
      `${where}package name "*/" is not an identifier, ${rule}`,
    );
  });
});
