// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";

/** The suite, its runner and what is generated from it come from this version, and stay uncommitted. */
const MODULE = "connectrpc.com/conformance";
const VERSION = "v1.0.5";

export const root: string = resolve(import.meta.dirname, "../..");
const cache = join(root, ".tmp/conformance");

/** The suite's runner. */
export const runner: string = join(cache, `bin-${VERSION}/connectconformance`);

/** The compiled program under test of that name. */
export function programUnderTest(name: "server" | "client"): string {
  return join(cache, "js/test/conformance/under-test", `${name}.js`);
}

/** Gets the runner, generates code from its `.proto` files and compiles the programs under test. */
export function prepare(): void {
  mkdirSync(cache, { recursive: true });
  if (!existsSync(runner)) {
    run("go", ["install", `${MODULE}/cmd/connectconformance@${VERSION}`], {
      GOBIN: join(runner, ".."),
    });
  }
  run("npm", ["run", "--silent", "build"]);
  const protos = join(moduleFolder(), "proto");
  const bin = join(root, "node_modules/.bin");
  run(join(bin, "buf"), ["generate", protos, "--template", "test/conformance/buf.gen.yaml"], {
    PATH: `${bin}:${process.env.PATH}`,
  });
  run(join(bin, "tsc"), ["-p", "test/conformance"]);
}

function moduleFolder(): string {
  // In the cache folder, so that no go.mod of a parent is asked.
  const json = execFileSync("go", ["mod", "download", "-json", `${MODULE}@${VERSION}`], {
    cwd: cache,
    encoding: "utf8",
  });
  const { Dir: folder } = JSON.parse(json) as { Dir: string };
  return folder;
}

function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): void {
  execFileSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
}
