// SPDX-License-Identifier: Apache-2.0
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { required } from "./required.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = join(root, ".tmp/interop/bin");

/** buf's command, which npm has installed. */
export const buf: string = join(root, "node_modules/.bin/buf");

/** Runs a program to its end; gives what it prints, or rejects with it. */
export async function run(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { timeout: 30_000 });
  return stdout;
}

/** A test that needs a program of `test/interop/go/build.sh`. */
export function itWithGo(
  program: string,
  name: string,
  test: (path: string) => Promise<void>,
): void {
  const path = join(bin, program);
  if (existsSync(path)) return it(name, () => test(path));
  const reason = "test/interop/go/build.sh has not been run";
  if (required("grpc-go")) return it(name, () => expect.unreachable(reason));
  it.skip(`${name}: ${reason}`);
}
