// SPDX-License-Identifier: Apache-2.0
// The examples that people deploy, as programs: those that need nothing more than the repository has.
// `.ci/examples.sh` installs all from the packed packages, and names their folder.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { partOf } from "../support/part-of.js";
import { runClient, startExample } from "./run-example.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const installed = process.env.DEPLOY_EXAMPLES;
const work = installed ?? join(root, ".tmp", `examples-${process.pid}`);

const ticks = { client: ["tick 1", "tick 2", "tick 3"], server: /the client has left/ };

/** What each example prints: its client to the end, and its server about a call that was cancelled. */
const printed: Readonly<Record<string, { client: string[]; server: RegExp }>> = {
  express: ticks,
  fastify: ticks,
  http2: ticks,
  "job-runner": {
    client: [
      "tail: line 1",
      "tail: line 2",
      "tail: line 3",
      "from 2 on: line 3",
      "uploaded 12 bytes",
      "shell: hello world, 42",
    ],
    server: /the shell has ended/,
  },
  "llm-tokens": {
    client: ["stopped: You said hello", "all: You said hello and I have ten words for it"],
    server: /the model has stopped after [34] tokens/,
  },
};
const heavy: typeof printed = { hono: ticks, nestjs: ticks, nextjs: ticks };
const examples = partOf(
  Object.entries(installed ? { ...printed, ...heavy } : printed),
  ([name]) => name === "http2" || name === "job-runner",
);

beforeAll(() => {
  if (installed) return;
  mkdirSync(work, { recursive: true });
  process.env.PATH = [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter);
});
afterAll(() => {
  if (!installed) rmSync(work, { recursive: true, force: true });
});

/** Prepares an example in the repository, without an install. */
function prepare(name: string, folder: string): void {
  cpSync(join(root, "examples/deploy", name), folder, { recursive: true });
  // In a project of its own, that is in its node_modules.
  const options = join(folder, "node_modules/protoc-gen-connect-stream");
  cpSync(join(root, "proto/connectstream"), join(options, "proto/connectstream"), {
    recursive: true,
  });
  execFileSync("buf", ["generate"], { cwd: folder });
  rmSync(join(folder, "node_modules"), { recursive: true });
}

it.each(examples)("%s streams, and learns that its client has left", async (name, expected) => {
  const folder = join(work, name);
  if (!installed) prepare(name, folder);
  const run = (script: string) =>
    installed ? `npm run --silent ${script}` : `tsx src/${script}.ts`;
  await using server = await startExample(folder, installed ? run("start") : run("server"));
  const url = name === "nextjs" ? `${server.url}/api` : server.url;
  expect(await runClient(folder, run("client"), url)).toEqual(expected.client);
  await server.log.until(expected.server);
});
