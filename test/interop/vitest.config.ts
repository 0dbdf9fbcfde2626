// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    include: ["test/interop/**/*.suite.ts", "test/proxies/**/*.suite.ts"],
    reporters: ["default", "./test/interop/reporter.ts"],
    // Above the limits of pair-bench.ts, which say what hangs.
    testTimeout: 40_000,
    hookTimeout: 120_000,
  },
});
