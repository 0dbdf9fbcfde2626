// SPDX-License-Identifier: Apache-2.0
/**
 * @packageDocumentation Times our generator against protoc-gen-es, both with `target=ts`, as
 * processes that get the same CodeGeneratorRequest for googleapis. Run with
 * `npx tsx bench/generator.ts [rounds]` after `npm run build`. Fails if ours is slower.
 */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema } from "@bufbuild/protobuf/wkt";
import { compileGoogleapis } from "../.ci/googleapis-schema.js";

/**
 * Left out: Compute's files have so many types that protoc-gen-es takes minutes for each, which
 * would hide all others.
 */
const isLeftOut = (file: string) => file.startsWith("google/cloud/compute/v1");

const defaultRounds = 3;

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

const programs = {
  "protoc-gen-es": join(
    dirname(require.resolve("@bufbuild/protoc-gen-es/package.json")),
    "bin/protoc-gen-es",
  ),
  "protoc-gen-connect-stream": join(repository, "plugin/bin/protoc-gen-connect-stream"),
};

type Program = keyof typeof programs;

function main(): void {
  const rounds = Number(process.argv[2] ?? defaultRounds);
  const request = createRequest();
  const times: Record<Program, number[]> = { "protoc-gen-es": [], "protoc-gen-connect-stream": [] };
  for (let round = 0; round < rounds; round++) {
    for (const program of Object.keys(times) as Program[]) {
      times[program].push(time(program, request));
    }
  }
  for (const [program, values] of Object.entries(times)) {
    console.log(
      `${program}: median ${median(values).toFixed(2)} s of ${values.map((s) => s.toFixed(2)).join(", ")}`,
    );
  }
  const ratio = median(times["protoc-gen-connect-stream"]) / median(times["protoc-gen-es"]);
  console.log(`ours / protoc-gen-es: ${ratio.toFixed(2)} (at most 1.00 is allowed)`);
  process.exitCode = ratio <= 1 ? 0 : 1;
}

function createRequest(): Uint8Array {
  const files = compileGoogleapis().schema.file.filter((file) => !isLeftOut(file.name));
  const fileToGenerate = files.filter((file) => file.service.length > 0).map((file) => file.name);
  const request = toBinary(
    CodeGeneratorRequestSchema,
    create(CodeGeneratorRequestSchema, {
      parameter: "target=ts",
      protoFile: files,
      fileToGenerate,
    }),
  );
  const megabytes = (request.length / 1e6).toFixed(0);
  console.log(
    `googleapis: ${fileToGenerate.length} files to generate, a request of ${megabytes} MB`,
  );
  return request;
}

/** Seconds from the start of the process to its end. */
function time(program: Program, request: Uint8Array): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [programs[program]], {
    input: request,
    maxBuffer: 2 ** 30,
  });
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0) {
    throw new Error(`${program} failed: ${stderr}`);
  }
  return seconds;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

main();
