// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  type CodeGeneratorResponse,
  CodeGeneratorResponseSchema,
  type DescriptorProto,
  DescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FileOptionsSchema,
  MethodDescriptorProtoSchema,
  ServiceDescriptorProtoSchema,
  SourceCodeInfo_LocationSchema,
  SourceCodeInfoSchema,
} from "@bufbuild/protobuf/wkt";
import ts from "typescript";
import { expect, it } from "vitest";
import { createConnectStreamPlugin } from "../../plugin/dist/plugin.js";
import { mutateBody } from "./mutate.js";
import { PATIENCE_MS, soon } from "./patience.js";
import { caseName, cases, printedSeed, Random } from "./random.js";

const bin = fileURLToPath(new URL("../../plugin/bin/protoc-gen-connect-stream", import.meta.url));
const TIMEOUT_MS = 60 * 60_000;

/** None of them is an identifier, so that none may reach the output. */
const noIdentifiers = [
  ...["a b", "a-b", "a.b", "1a", "9", "", "*/", "/*", "//", "`", "\u0024{process.exit()}"],
  ...['"', "'", "\\", "\n", "\r\nimport 'fs';", "\u2028", "\u0000", "\u202e", "\u{1f600}"],
  ...["caf\u00e9", "$", "*/ process.exit(); /*"],
];

const hostileNames = [
  ...["then", "constructor", "__proto__", "toString", "delete", "import", "close", "prototype"],
  ...["Promise", "AsyncIterable", "Headers", "Error", "Symbol", "Object", "undefined", "await"],
  ...noIdentifiers,
  "_",
  "a".repeat(3000),
];

const hostileFiles = [
  ...["../out.proto", "../../etc/passwd.proto", "/etc/x.proto", "a/../../b.proto", "a//b.proto"],
  ...["./a.proto", "C:\\x.proto", "..\\x.proto", "a\u0000b.proto", "a\nb.proto", ".proto", ""],
  ...[
    "x",
    "*/a.proto",
    "'a'.proto",
    '"a".proto',
    "`a`.proto",
    "\u0024{a}.proto",
    "a b.proto",
    "%2e%2e/a.proto",
  ],
  ...[
    "con.proto",
    "~/a.proto",
    "-rf.proto",
    "a.proto/",
    "\u202ea.proto",
    `${"d/".repeat(500)}a.proto`,
  ],
];

const hostileParameters = [
  ...["target=js", "target=js+dts", "target=dts", "target=", "target=go", "target=ts,target=js"],
  ...["sides=", "sides=client", "sides=server", "sides=both", "sides=server+client+x", "sides"],
  ...["stream_names=qualified", "stream_names=__proto__", "__proto__=x", "constructor", ",,,", "="],
  ...["import_extension=../..", "import_extension=';x", "js_import_style=legacy_commonjs"],
  ...[
    "rewrite_imports=./**/*:../../../x",
    "rewrite_imports=:",
    "ts_nocheck=maybe",
    "\u0000",
    "a\nb=c",
  ],
];

const hostileComments = [
  "*/ process.exit();",
  "/** @packageDocumentation */",
  "\u2028*/",
  "@deprecated\n*/\n",
  "`\u0024{}`",
];

it(
  "the plugin answers hostile requests with clean files or a clear error",
  async () => {
    const seed = printedSeed("fuzz plugin");
    const counts = { generated: 0, refused: 0 };
    const total = cases(10_000);
    for (let index = 0; index < total; index++) {
      const random = new Random(seed + index);
      const request = hostileRequest(random);
      const response = createConnectStreamPlugin().run(request);
      const what = caseName("plugin", seed + index);
      if (response.error === "") counts.generated++;
      else counts.refused++;
      expectClean(response, what);
      if (random.chance(0.2)) expectAnswer(mutateBody(random, bytesOf(request)), what);
    }
    console.log(`fuzz plugin: ${total} requests, ${JSON.stringify(counts)}`);
    expect(counts.generated).toBeGreaterThanOrEqual(Math.floor(total / 20));
  },
  TIMEOUT_MS,
);

it(
  "the plugin as a program ends, leaves no file behind, and says what is wrong",
  async () => {
    const seed = printedSeed("fuzz plugin program");
    const folder = await mkdtemp(join(tmpdir(), "fuzz-"));
    const codes: Record<string, number> = {};
    const total = cases(16);
    for (let index = 0; index < total; index++) {
      const random = new Random(seed + index);
      const request = bytesOf(hostileRequest(random));
      const broken = random.chance(0.5);
      const what = caseName("plugin", seed + index);
      const { code, stdout, stderr } = await soon(
        run(folder, broken ? mutateBody(random, request) : request),
        what,
      );
      codes[String(code)] = (codes[String(code)] ?? 0) + 1;
      expect(stderr, what).not.toContain("bug in the generator");
      expect([0, 1], what).toContain(code);
      if (code === 0) expectClean(fromBinary(CodeGeneratorResponseSchema, stdout), what);
      else expect(stderr.trim().split("\n"), what).toHaveLength(1);
    }
    console.log(`fuzz plugin program: ${total} runs, exit codes ${JSON.stringify(codes)}`);
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  },
  TIMEOUT_MS,
);

function bytesOf(request: CodeGeneratorRequest): Uint8Array {
  return toBinary(CodeGeneratorRequestSchema, request);
}

/** Answers bytes that may be a request with clean files or a clear error. */
function expectAnswer(bytes: Uint8Array, what: string): void {
  let request: CodeGeneratorRequest;
  try {
    request = fromBinary(CodeGeneratorRequestSchema, bytes);
  } catch {
    return;
  }
  expectClean(createConnectStreamPlugin().run(request), `${what}, mutated`);
}

/** A file with a service, of which a few things are hostile. */
function hostileRequest(random: Random): CodeGeneratorRequest {
  const hostile = (harmless: string, share = 0.08) =>
    random.chance(share) ? random.pick(hostileNames) : harmless;
  const types = ["Alpha", "Beta", "Gamma"].map((name) => hostile(name));
  const packageName = random.chance(0.05) ? random.pick(hostileNames) : "lab.v1";
  const file = random.chance(0.15) ? random.pick(hostileFiles) : "lab/v1/lab.proto";
  const qualified = (name: string) => (packageName === "" ? `.${name}` : `.${packageName}.${name}`);
  const services = ["LabService", "OtherService"].slice(0, 1 + random.below(2)).map((service) =>
    create(ServiceDescriptorProtoSchema, {
      name: hostile(service),
      method: ["Watch", "Process", "Connect", "Read"].map((method) =>
        create(MethodDescriptorProtoSchema, {
          name: hostile(method),
          inputType: random.chance(0.02) ? ".no.such.Type" : qualified(random.pick(types)),
          outputType: qualified(random.pick(types)),
          clientStreaming: random.chance(0.5),
          serverStreaming: random.chance(0.5),
        }),
      ),
    }),
  );
  const proto = create(FileDescriptorProtoSchema, {
    name: file,
    package: packageName,
    syntax: random.chance(0.05) ? random.pick(["", "proto2", "editions", "proto9"]) : "proto3",
    dependency: random.chance(0.03) ? ["missing.proto"] : [],
    messageType: types.map((name) => message(name)),
    service: services,
    options: create(FileOptionsSchema, { deprecated: random.chance(0.2) }),
    sourceCodeInfo: create(SourceCodeInfoSchema, {
      location: [[6, 0], [6, 0, 2, 0], [6, 0, 2, 9], [12], [2]].map((path) =>
        create(SourceCodeInfo_LocationSchema, {
          path,
          span: [0, 0, 0],
          leadingComments: random.pick(hostileComments),
          leadingDetachedComments: [random.pick(hostileComments)],
        }),
      ),
    }),
  });
  return create(CodeGeneratorRequestSchema, {
    fileToGenerate: random.chance(0.03) ? ["other.proto"] : [file],
    parameter: random.chance(0.3) ? random.pick(hostileParameters) : "target=ts",
    protoFile: [proto],
  });
}

function message(name: string): DescriptorProto {
  return create(DescriptorProtoSchema, { name });
}

/** Files stay in the output folder, parse, and hold nothing but imports and declarations. */
function expectClean({ file, error }: CodeGeneratorResponse, what: string): void {
  if (error !== "") expect(file, what).toEqual([]);
  for (const { name, content } of file) {
    expect(name, what).toMatch(/_stream\.(ts|js|d\.ts)$/);
    expect(name.startsWith("/") || /^[A-Za-z]:|\\|\0|\n/.test(name), `${what}: ${name}`).toBe(
      false,
    );
    expect(name.split("/"), what).not.toContain("..");
    const source = ts.createSourceFile(name, content, ts.ScriptTarget.ES2022, true);
    const faults = (source as unknown as { parseDiagnostics: ts.Diagnostic[] }).parseDiagnostics;
    expect(
      faults.map(({ messageText }) => messageText),
      `${what}: ${name}`,
    ).toEqual([]);
    for (const statement of source.statements) {
      expect(isDeclaration(statement), `${what}: ${statement.getText()}`).toBe(true);
    }
  }
}

/** The like of imports and exports, and what introduces them. */
const isCommonJs =
  /^("use strict";|Object\.defineProperty\(exports, "__esModule"|const (\S+|\{ [\w, :$]+ \}) = require\("|exports\.)/;

function isDeclaration(statement: ts.Statement): boolean {
  return (
    isCommonJs.test(statement.getText()) ||
    ts.isImportDeclaration(statement) ||
    ts.isExportDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isFunctionDeclaration(statement)
  );
}

interface Ran {
  readonly code: number | null;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

function run(cwd: string, input: Uint8Array): Promise<Ran> {
  const child = spawn(process.execPath, [bin], {
    cwd,
    timeout: PATIENCE_MS,
    killSignal: "SIGKILL",
  });
  const stdout: Buffer[] = [];
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout: Buffer.concat(stdout), stderr }));
  });
}
