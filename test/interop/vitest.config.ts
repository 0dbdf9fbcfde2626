// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    include: ["test/interop/**/*.suite.ts", "test/proxies/**/*.suite.ts"],
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
