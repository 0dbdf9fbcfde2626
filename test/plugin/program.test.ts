// SPDX-License-Identifier: Apache-2.0
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  type FileDescriptorSet,
} from "@bufbuild/protobuf/wkt";
import { beforeAll, describe, expect, test } from "vitest";
import packageJson from "../../plugin/package.json" with { type: "json" };
import { compile, repository } from "./harness.js";

// The program as protoc starts it. It runs what `npm run build` has compiled.
const program = join(repository, "plugin", packageJson.bin["protoc-gen-connect-stream"]);

function start(args: readonly string[], input: Uint8Array | string = "") {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { input });
  return { status, stdout, stderr: stderr.toString() };
}

/** One line, for a user: no stack trace. */
const oneLine = /^protoc-gen-connect-stream: [^\n]+\n$/;

let set: FileDescriptorSet;
let request: Uint8Array;

beforeAll(async () => {
  set = await compile({
    "a.proto": `syntax = "proto3"; service S { rpc A(M) returns (stream M); } message M {}`,
  });
  request = encode("target=ts", ["a.proto"]);
});

function encode(parameter: string, fileToGenerate: string[], schema = set): Uint8Array {
  const init = { parameter, fileToGenerate, protoFile: schema.file };
  return toBinary(CodeGeneratorRequestSchema, create(CodeGeneratorRequestSchema, init));
}

test("answers a request", () => {
  const { status, stdout, stderr } = start([], request);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const response = fromBinary(CodeGeneratorResponseSchema, stdout);
  expect(response.file.map((file) => file.name)).toEqual(["a_stream.ts"]);
});

describe("in any language", () => {
  const names = ["Chat", "Hello", "Zebra", "Total"];
  let input: Uint8Array;

  beforeAll(async () => {
    const rpcs = names.map((name) => `rpc Get${name}(${name}) returns (${name});`);
    const messages = names.map((name) => `message ${name} {}`);
    const schema = await compile({
      "a.proto": `syntax = "proto3"; service S { ${rpcs.join(" ")} } ${messages.join(" ")}`,
    });
    input = encode("target=ts", ["a.proto"], schema);
  });

  test.each(["en_US", "cs_CZ", "et_EE"])("answers the same: %s", (language) => {
    const env = { ...process.env, LC_ALL: `${language}.UTF-8` };
    const { stdout } = spawnSync(process.execPath, [program], { input, env });
    const [file] = fromBinary(CodeGeneratorResponseSchema, stdout).file;
    expect(file?.content).toContain(
      "import type { Chat, ChatSchema, Hello, HelloSchema, Total, TotalSchema, Zebra, ZebraSchema }",
    );
  });
});

test("reports a user's mistake in the response, where protoc looks for it", () => {
  const { status, stdout, stderr } = start([], encode("target=go", ["a.proto"]));
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const response = fromBinary(CodeGeneratorResponseSchema, stdout);
  expect(response.error).toContain('option target: invalid value "go"');
  expect(response.file).toEqual([]);
  expect(response.supportedFeatures).toBe(3n);
});

test("reports a file that is missing in the request", () => {
  const response = fromBinary(
    CodeGeneratorResponseSchema,
    start([], encode("", ["b.proto"])).stdout,
  );
  expect(response.error).toBe("files_to_generate missing in the request: b.proto");
});

test("empty input is one line on standard error", () => {
  const { status, stdout, stderr } = start([]);
  expect({ status, stdout: stdout.length }).toEqual({ status: 1, stdout: 0 });
  expect(stderr).toMatch(oneLine);
  expect(stderr).toContain("standard input is empty");
});

test.each([
  ["text", "Hello, is this thing on?\n"],
  ["JSON", "{}"],
  ["zeros", new Uint8Array(100)],
  ["an endless varint", new Uint8Array(100).fill(0xff)],
])("%s instead of a request is one line on standard error", (_, input) => {
  const { status, stdout, stderr } = start([], input);
  expect({ status, stdout: stdout.length }).toEqual({ status: 1, stdout: 0 });
  expect(stderr).toMatch(oneLine);
});

test("a request cut off in the middle is one line, on standard error or in the response", () => {
  const lengths = [1, 2, 5, Math.floor(request.length / 2), request.length - 1];
  for (const length of lengths) {
    const { status, stdout, stderr } = start([], request.subarray(0, length));
    if (status === 0) {
      const response = fromBinary(CodeGeneratorResponseSchema, stdout);
      expect(response.error).toMatch(/^[^\n]+$/);
    } else {
      expect(stderr).toMatch(oneLine);
    }
  }
});

describe("arguments", () => {
  test.each(["--version", "-v"])("%s prints the version of the package", (arg) => {
    const { status, stdout } = start([arg]);
    expect(status).toBe(0);
    expect(stdout.toString()).toBe(`protoc-gen-connect-stream v${packageJson.version}\n`);
  });

  test.each(["--help", "-h"])("%s prints how it is used", (arg) => {
    const { status, stdout } = start([arg]);
    expect(status).toBe(0);
    expect(stdout.toString()).toMatch(/buf generate[\s\S]*protoc/);
  });

  test.each(["--port=80", "a.proto", ""])("%j is refused in one line", (arg) => {
    const { status, stderr } = start([arg], request);
    expect(status).toBe(1);
    expect(stderr).toMatch(oneLine);
    expect(stderr).toContain(JSON.stringify(arg));
  });
});

test("a reader that goes away causes no stack trace", async () => {
  const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "pipe"] });
  const errors: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  child.stdout.destroy();
  child.stdin.end(request);
  const status = await new Promise((resolve) => child.on("close", resolve));
  expect(status).toBe(1);
  expect(Buffer.concat(errors).toString()).toMatch(oneLine);
});
