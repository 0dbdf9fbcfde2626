// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, it } from "vitest";

const page = fileURLToPath(new URL("../../../bench/bundle/ours.ts", import.meta.url));

it("bundles a page without the code of options", async () => {
  const { outputFiles } = await build({
    entryPoints: [page],
    bundle: true,
    minify: true,
    format: "esm",
    conditions: ["connect-stream-lite"],
    write: false,
  });
  const text = outputFiles[0]?.text ?? "";
  expect(["is not in this bundle", "maxAttempts"].map((part) => text.includes(part))).toEqual([
    true,
    false,
  ]);
});
