// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Projects in temporary folders, and `connect-stream` as a program in them. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** The repository. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** What a program has done. */
export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A project, with what is installed in the repository. */
export interface Project {
  readonly folder: string;
  /** Writes a file. */
  write(path: string, text: string): void;
  /** Runs the command line, as it is built. */
  connectStream(...args: string[]): Promise<Result>;
  /** Runs a program of node_modules. */
  npx(name: string, ...args: string[]): Promise<Result>;
}

/** Makes a project that is gone after the test. */
export function createProject(files: Readonly<Record<string, string>> = {}): Project {
  const folder = mkdtempSync(join(tmpdir(), "connect-stream-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "dir");
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const [path, text] of Object.entries(files)) write(path, text);
  return {
    folder,
    write,
    connectStream: (...args) =>
      run(process.execPath, [join(root, "cli/bin/connect-stream"), ...args], folder),
    npx: (name, ...args) => run(join(root, "node_modules/.bin", name), args, folder),
  };
}

function run(program: string, args: readonly string[], cwd: string): Promise<Result> {
  // A runner of tests within a test would report to the outer one.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return new Promise((resolve) => {
    const child = execFile(program, args, { cwd, env }, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
    child.stdin?.end();
  });
}

/** Starts a server of the project, and gives its address. */
export async function startServer({ folder }: Project, path: string): Promise<string> {
  const server = spawn(process.execPath, ["--import", "tsx", path], {
    cwd: folder,
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(async () => {
    server.kill("SIGKILL");
    await once(server, "close");
  });
  const [line]: [string] = (await once(createInterface({ input: server.stdout }), "line")) as [
    string,
  ];
  return line.replace("listening on ", "");
}

/** Runs a client of the project. */
export async function runClient({ folder }: Project, path: string, url: string): Promise<Result> {
  const env = { ...process.env, SERVER_URL: url };
  return new Promise((resolve) => {
    const args = ["--import", "tsx", path];
    const child = execFile(process.execPath, args, { cwd: folder, env }, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}
