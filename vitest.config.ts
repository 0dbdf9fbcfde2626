// SPDX-License-Identifier: Apache-2.0
import { configDefaults, defineConfig } from "vitest/config";

/** Stress, and what runs the TypeScript compiler over much code: `npm run test:slow`. */
const slow = ["test/**/*.slow.test.ts"];

/** Runtime, testing kit and generator, in this process: `npm run test:unit`. */
const unit = ["test/{runtime,testing,plugin}/**/*.test.ts"];

/** Tests of the generator that start programs, or compile. */
const programs = ["test/plugin/{program,buf-and-protoc,old-output,start}.test.ts"];

function project(name: string, include: string[], exclude: string[] = []) {
  const test = { name, include, exclude: [...configDefaults.exclude, ...exclude] };
  return { extends: true as const, test };
}

export default defineConfig({
  test: {
    setupFiles: ["test/support/setup.ts"],
    // A hang is to fail, and a slow machine is not: some tests compile a lot.
    testTimeout: 120_000,
    // Vitest leaves one core alone, which is half of a small machine.
    maxWorkers: "100%",
    // What a test that passes prints is what it expects.
    silent: "passed-only",
    // `npm test` runs all but the last.
    projects: [
      project("unit", unit, [...programs, ...slow]),
      project("servers", ["test/!(runtime|testing|plugin)/**/*.test.ts", ...programs], slow),
      project("slow", slow),
    ],
  },
});
