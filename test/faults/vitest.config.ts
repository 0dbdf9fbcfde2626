// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from "vitest/config";

/** The reliability tests: named `.spec.ts`, so that `npm test` stays quick. */
export default defineConfig({
  test: {
    include: ["test/{attacks,faults,fuzz,load}/**/*.spec.ts"],
    setupFiles: ["test/support/setup.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // One file at a time: what a test counts (timers, descriptors) is its own.
    fileParallelism: false,
  },
});
