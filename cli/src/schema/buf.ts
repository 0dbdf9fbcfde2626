// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { CliError, exit } from "../exit.js";
import type { Io } from "../io.js";

/** Runs the project's `buf`, or that of the machine. Resolves to its output, rejects with what it says. */
export async function runBuf(
  args: readonly string[],
  io: Pick<Io, "cwd" | "env">,
): Promise<Buffer> {
  const { program, ...options } = ofProject(io);
  const child = spawn(program, args, {
    ...options,
    cwd: io.cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err, code] = await Promise.all([
    read(child.stdout),
    read(child.stderr),
    exitCode(child),
  ]);
  if (code === 0) return out;
  throw new CliError(`buf ${args[0]} failed\n${err.toString().trim()}`, exit.usage);
}

/** npm puts the programs of a project in `node_modules/.bin`, of its own folder or one above. */
function ofProject({ cwd, env }: Pick<Io, "cwd" | "env">) {
  const bins = withParents(cwd).map((folder) => join(folder, "node_modules", ".bin"));
  const path = Object.keys(env).find((key) => key.toUpperCase() === "PATH") ?? "PATH";
  const isWindows = process.platform === "win32";
  return {
    program: "buf",
    env: { ...env, [path]: [...bins, env[path] ?? ""].join(delimiter) },
    // There, npm's programs are scripts of the shell.
    shell: isWindows,
  };
}

function withParents(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...withParents(parent)];
}

async function read(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function exitCode(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on("error", (cause: NodeJS.ErrnoException) => {
      const message =
        cause.code === "ENOENT"
          ? "buf is not installed: npm install --save-dev @bufbuild/buf, or pass an image or a descriptor set"
          : `cannot start buf: ${cause.message}`;
      reject(new CliError(message, exit.usage, { cause }));
    });
    child.on("close", resolve);
  });
}
