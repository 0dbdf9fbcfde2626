// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from "node:os";
import { configDefaults, defineConfig } from "vitest/config";

/** Stress, and what starts many programs or compiles much code: `npm run test:slow`. */
const slow = ["test/**/*.slow.test.ts"];

/** Many cases: one of each kind runs in `npm test`, and the others in `npm run test:slow`. */
const wide = ["test/**/*.wide.test.ts"];

/** Runtime, testing kit and generator, in this process: `npm run test:unit`. */
const unit = ["test/{runtime,testing,plugin}/**/*.test.ts"];

/** Tests of the generator that start programs, or compile. */
const programs = ["test/plugin/{program,buf-and-protoc,old-output,start}.test.ts"];

/** Files that need a process of their own: they measure it, or change and watch what all of it shares. */
const own = [
  // Memory, and how often code runs.
  "test/e2e/{amplification.wide,bad-requests,kept-calls}.test.ts",
  "test/plugin/linear.test.ts",
  "test/runtime/turnover.test.ts",
  // What is printed, and which errors are made.
  "test/e2e/{context-values,error-origin,failure,handler-mistakes,observer-guard,otel}.test.ts",
  "test/e2e/{response-fields,undefined-client-options,upstream-errors.wide}.test.ts",
  "test/fetch/refusals.test.ts",
  "test/docs/snippets/guide.test.ts",
  // Globals of OpenTelemetry.
  "test/docs/snippets/opentelemetry.test.ts",
];

interface ProjectOptions {
  readonly include: string[];
  readonly exclude?: string[];
  /** A process for each file. To share one saves a third of the time: code is loaded once. */
  readonly isolate: boolean;
  /** Which cases run of the files that have many: see test/support/part-of.ts. */
  readonly cases?: "others";
}

function project(name: string, { include, exclude = [], isolate, cases }: ProjectOptions) {
  const env = { CASES: cases ?? "" };
  const test = { name, include, exclude: [...configDefaults.exclude, ...exclude], isolate, env };
  return { extends: true as const, test };
}

export default defineConfig({
  test: {
    setupFiles: ["test/support/setup.ts"],
    // A hang is to fail, and a slow machine is not: some tests compile a lot.
    testTimeout: 120_000,
    // Vitest leaves one core alone. One more than there are keeps all busy while tests wait.
    maxWorkers: availableParallelism() + 1,
    // What a test that passes prints is what it expects.
    silent: "passed-only",
    // `npm test` runs all but the last.
    projects: [
      project("unit", { include: unit, exclude: [...programs, ...own, ...slow], isolate: false }),
      project("servers", {
        include: ["test/!(runtime|testing|plugin)/**/*.test.ts", ...programs],
        exclude: [...own, ...slow],
        isolate: false,
      }),
      project("own", { include: own, isolate: true }),
      project("slow", { include: [...slow, ...wide], isolate: true, cases: "others" }),
    ],
  },
});
