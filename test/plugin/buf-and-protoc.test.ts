// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { repository } from "./harness.js";

// The real programs, with the plugin as `npm run build` has compiled it.
const plugin = join(repository, "plugin/bin/protoc-gen-connect-stream");
const buf = createRequire(import.meta.url).resolve("@bufbuild/buf/bin/buf");
const path = [dirname(plugin), dirname(process.execPath), process.env.PATH].join(delimiter);

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "connect-stream-"));
  await mkdir(join(directory, "proto/a"), { recursive: true });
  await mkdir(join(directory, "gen"));
  await writeFile(join(directory, "proto/a/b.proto"), schema("Watch"));
});

afterEach(() => rm(directory, { recursive: true }));

function schema(rpc: string): string {
  return `syntax = "proto3";
package a;
service S {
  rpc Watch(M) returns (stream M);
  rpc ${rpc === "Watch" ? "Read" : rpc}(M) returns (M);
}
message M { optional string name = 1; }
`;
}

function start(program: string, args: readonly string[]) {
  const env = { ...process.env, PATH: path };
  const { status, stderr } = spawnSync(program, args, { cwd: directory, env, encoding: "utf8" });
  return { status, stderr };
}

async function generated(): Promise<string[]> {
  const entries = await readdir(join(directory, "gen"), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();
}

describe("buf generate", () => {
  function generate(options: readonly string[]) {
    const template = {
      version: "v2",
      inputs: [{ directory: "proto" }],
      plugins: [{ local: "protoc-gen-connect-stream", out: "gen", opt: options }],
    };
    return start(process.execPath, [buf, "generate", "--template", JSON.stringify(template)]);
  }

  test("runs the plugin", async () => {
    expect(generate(["target=ts", "sides=server"])).toEqual({ status: 0, stderr: "" });
    expect(await generated()).toEqual(["b_stream.ts"]);
  });

  test("shows a bad option, and fails", async () => {
    const { status, stderr } = generate(["stream_names=long"]);
    expect(status).not.toBe(0);
    expect(stderr).toContain('option stream_names: invalid value "long", allowed: short|qualified');
    expect(stderr).not.toContain("    at ");
    expect(await generated()).toEqual([]);
  });

  test("shows names that fall together, and fails", async () => {
    await writeFile(join(directory, "proto/a/b.proto"), schema("watch"));
    const { status, stderr } = generate(["target=ts"]);
    expect(status).not.toBe(0);
    expect(stderr).toContain("a/b.proto: RPCs Watch and watch of service a.S are both named watch");
    expect(await generated()).toEqual([]);
  });
});

const protocStatus = start("protoc", ["--version"]).status;
if (protocStatus !== 0) {
  console.warn("protoc is not on the PATH, its tests are skipped (Debian: protobuf-compiler)");
}

describe.skipIf(protocStatus !== 0)("protoc", () => {
  function generate(options: readonly string[]) {
    return start("protoc", [
      `--plugin=protoc-gen-connect-stream=${plugin}`,
      "--proto_path=proto",
      "--connect-stream_out=gen",
      ...options.map((option) => `--connect-stream_opt=${option}`),
      "a/b.proto",
    ]);
  }

  test("runs the plugin, also on proto3 optional fields", async () => {
    expect(generate([])).toEqual({ status: 0, stderr: "" });
    expect(await generated()).toEqual(["b_stream.d.ts", "b_stream.js"]);
  });

  test("hands on options, one by one or together", async () => {
    expect(generate(["target=ts", "sides=client,import_extension=js"]).status).toBe(0);
    expect(await generated()).toEqual(["b_stream.ts"]);
  });

  test("shows a bad option, and fails", async () => {
    const { status, stderr } = generate(["sides=none"]);
    expect(status).toBe(1);
    expect(stderr).toBe(
      '--connect-stream_out: option sides: invalid value "none", allowed: server|client (several joined with +)\n',
    );
    expect(await generated()).toEqual([]);
  });

  test("shows names that fall together, and fails", async () => {
    await writeFile(join(directory, "proto/a/b.proto"), schema("watch"));
    const { status, stderr } = generate(["target=ts"]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^--connect-stream_out: a\/b\.proto: RPCs Watch and watch [^\n]*\n$/);
    expect(await generated()).toEqual([]);
  });
});
