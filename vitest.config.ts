// SPDX-License-Identifier: Apache-2.0
import { configDefaults, defineConfig } from "vitest/config";

/** Stress, and what runs the TypeScript compiler over much code. `npm test` leaves it to `npm run test:slow`. */
const slow = "test/**/*.slow.test.ts";

export default defineConfig({
  test: {
    // A hang is to fail, and a slow machine is not: some tests compile a lot.
    testTimeout: 120_000,
    // Vitest leaves one core alone, which is half of a small machine.
    maxWorkers: "100%",
    // What a test that passes prints is what it expects.
    silent: "passed-only",
    projects: [
      {
        extends: true,
        test: {
          name: "quick",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, slow],
        },
      },
      { extends: true, test: { name: "slow", include: [slow] } },
    ],
  },
});
