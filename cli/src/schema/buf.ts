// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { CliError } from "../exit.js";
import type { Io } from "../io.js";

/** Builds the folder or `.proto` file at `path` with buf: an image, in binary. */
export function buildImage(
  path: string,
  { cwd, env }: Pick<Io, "cwd" | "env">,
): Promise<Uint8Array> {
  const PATH = [...binFolders(cwd), env.PATH ?? ""].join(delimiter);
  return new Promise((resolve, reject) => {
    const child = spawn("buf", ["build", path, "-o", "-"], {
      cwd,
      env: { ...env, PATH },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.on("error", (error: NodeJS.ErrnoException) => reject(cannotStart(error)));
    child.on("close", (code) => {
      if (code === 0) return resolve(Buffer.concat(out));
      reject(new CliError(`buf build failed\n${Buffer.concat(err).toString().trimEnd()}`));
    });
  });
}

function cannotStart({ code, message }: NodeJS.ErrnoException): CliError {
  if (code !== "ENOENT") return new CliError(`cannot start buf: ${message}`);
  return new CliError(
    "cannot find buf: npm install --save-dev @bufbuild/buf, or give --schema an image that it has built",
  );
}

/** Where npm puts the programs of a project, and of those around it. */
function binFolders(folder: string): string[] {
  const parent = dirname(folder);
  const here = join(folder, "node_modules", ".bin");
  return parent === folder ? [here] : [here, ...binFolders(parent)];
}
