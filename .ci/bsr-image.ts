// SPDX-License-Identifier: Apache-2.0
/**
 * @packageDocumentation Builds what packaging/bsr/Dockerfile builds, without Docker, of packages that
 * are not published yet: `tsx .ci/bsr-image.ts IMAGE RUNTIME.tgz PLUGIN.tgz`. Runs the commands of the
 * stage that builds, and copies into the folder IMAGE what the last stage copies from it. Prints the
 * path of the program that the image starts.
 */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const [image, runtime, plugin] = process.argv.slice(2);
if (!image || !runtime || !plugin) {
  throw new Error("usage: tsx .ci/bsr-image.ts IMAGE RUNTIME.tgz PLUGIN.tgz");
}
const folder = new URL("../packaging/bsr/", import.meta.url).pathname;
const steps = readFileSync(join(folder, "Dockerfile"), "utf8").replaceAll("\\\n", "").split("\n");

const work = mkdtempSync(join(tmpdir(), "bsr-"));
try {
  copyContext();
  usePackages({ "connect-stream": runtime, "protoc-gen-connect-stream": plugin });
  for (const [, command = ""] of stepsOf(/^RUN (.*)$/)) {
    run("sh", ["-euc", command]);
  }
  for (const [, from = "", to = ""] of stepsOf(/^COPY .*--from=build.* (\S+) (\S+)$/)) {
    mkdirSync(dirname(join(image, to)), { recursive: true });
    cpSync(from.replace(/^\/app/, work), join(image, to), { recursive: true });
  }
} finally {
  rmSync(work, { recursive: true });
}
const [[, program = ""] = []] = stepsOf(/^CMD \[ "(.*)" \]$/);
console.log(join(image, program));

function stepsOf(pattern: RegExp): RegExpExecArray[] {
  return steps.map((step) => pattern.exec(step)).filter((step) => step !== null);
}

/** What the first stage copies, and .dockerignore lets through. */
function copyContext(): void {
  const ignore = readFileSync(join(folder, ".dockerignore"), "utf8").split("\n");
  const visible = ignore.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
  for (const [, pattern = ""] of stepsOf(/^COPY --link (\S+) \.$/)) {
    for (const name of readdirSync(folder)) {
      const isSent = visible.some((other) => matchesGlob(name, other));
      if (isSent && matchesGlob(name, pattern)) cpSync(join(folder, name), join(work, name));
    }
  }
}

/** Of Docker's patterns, those with `*`. */
function matchesGlob(name: string, pattern: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(".", "\\."));
  return new RegExp(`^${parts.join(".*")}$`).test(name);
}

/** Locks what package.json asks for, with these archives in place of the registry's. */
function usePackages(archives: Readonly<Record<string, string>>): void {
  const path = join(work, "package.json");
  const json = JSON.parse(readFileSync(path, "utf8"));
  const files = Object.entries(archives).map(([name, archive]) => [name, `file:${archive}`]);
  Object.assign(json.dependencies, Object.fromEntries(files));
  writeFileSync(path, JSON.stringify(json));
  run("npm", ["install", "--package-lock-only", "--silent"]);
}

function run(program: string, args: readonly string[]): void {
  execFileSync(program, args, { cwd: work, stdio: ["ignore", 2, 2] });
}
