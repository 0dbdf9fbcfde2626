// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // A hang is to fail, and a slow machine is not: some tests compile a lot.
    testTimeout: 120_000,
    // Vitest leaves one core alone, which is half of a small machine.
    maxWorkers: "100%",
  },
});
