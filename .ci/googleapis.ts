// SPDX-License-Identifier: Apache-2.0
/**
 * @packageDocumentation Generates code for every service of googleapis, and compiles it with
 * `tsc --strict`. Run with `npx tsx .ci/googleapis.ts`. Two processes share the work.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { repository } from "../test/plugin/harness.js";
import { compileGoogleapis } from "./googleapis-schema.js";

const shards = 2;

/**
 * Megabytes. V8's own limit of the heap depends on the machine; the compiler needs about half of
 * this. With room for young objects, collecting them no longer takes a third of the time.
 */
const memory = ["--max-old-space-size=6144", "--max-semi-space-size=128"];

async function main(): Promise<void> {
  const { schema, leftOut } = compileGoogleapis();
  const services = schema.file.flatMap((file) => file.service);
  const rpcs = services.flatMap((service) => service.method);
  const streaming = rpcs.filter((rpc) => rpc.clientStreaming || rpc.serverStreaming);
  const files = schema.file.filter((file) => file.service.length > 0);
  console.log(
    `googleapis: ${files.length} files with ${services.length} services, ${rpcs.length} RPCs (${streaming.length} streaming)`,
  );
  for (const [file, reason] of leftOut) {
    console.log(`left out, buf cannot compile it: ${file}: ${reason}`);
  }
  const directory = mkdtempSync(join(tmpdir(), "connect-stream-"));
  const image = join(directory, "googleapis.binpb");
  writeFileSync(image, toBinary(FileDescriptorSetSchema, schema));
  const results = await Promise.all(split(files).map((names) => check(image, names)));
  rmSync(directory, { recursive: true });
  process.exitCode = results.every((code) => code === 0) ? 0 : 1;
}

/** Every other directory: versions of an API, which are alike, end up in different parts. */
function split(files: readonly FileDescriptorProto[]): string[][] {
  const directories = [...new Set(files.map((file) => dirname(file.name)))].sort();
  return Array.from({ length: shards }, (_, shard) =>
    files
      .map((file) => file.name)
      .filter((name) => directories.indexOf(dirname(name)) % shards === shard),
  );
}

function check(image: string, names: readonly string[]): Promise<number | null> {
  const script = join(repository, ".ci/googleapis-shard.ts");
  const node = [...memory, "--import", "tsx", script, image];
  const child = spawn(process.execPath, node, { stdio: ["pipe", "inherit", "inherit"] });
  child.stdin.end(JSON.stringify(names));
  return new Promise((resolve) => child.on("close", resolve));
}

await main();
