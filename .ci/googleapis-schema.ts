// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The services of googleapis, as npm's google-proto-files has them. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const require = createRequire(import.meta.url);
const root = dirname(require.resolve("google-proto-files/package.json"));
const buf = require.resolve("@bufbuild/buf/bin/buf");

/** What buf made of it. */
export interface Googleapis {
  /** All files with a service, and all that these import. */
  readonly schema: FileDescriptorSet;
  /** What buf could not compile, with its reason. */
  readonly leftOut: ReadonlyMap<string, string>;
}

/** Compiles every file that declares a service, except those that buf itself cannot compile. */
export function compileGoogleapis(): Googleapis {
  const leftOut = new Map<string, string>();
  const files = filesWithService();
  for (;;) {
    const paths = files.filter((file) => !leftOut.has(file)).flatMap((file) => ["--path", file]);
    const args = ["build", ".", "--config", `{"version":"v2"}`, "-o", "-#format=binpb", ...paths];
    const { status, stdout, stderr } = spawnSync(process.execPath, [buf, ...args], {
      cwd: root,
      maxBuffer: 2 ** 30,
    });
    if (status === 0) {
      return { schema: fromBinary(FileDescriptorSetSchema, stdout), leftOut };
    }
    const before = leftOut.size;
    for (const [, file = "", reason = ""] of stderr
      .toString()
      .matchAll(/^(.*\.proto):\d+:\d+:(.*)$/gm)) {
      leftOut.set(file, reason);
    }
    if (leftOut.size === before) {
      throw new Error(`buf cannot compile googleapis: ${stderr}`);
    }
  }
}

function filesWithService(): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".proto"))
    .filter((file) => /^\s*service\s+\w+/m.test(readFileSync(join(root, file), "utf8")))
    .sort();
}
