// SPDX-License-Identifier: Apache-2.0
// What `npm start` generates, before it tells its story.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { declarationOf, generate } from "../../examples/generate.js";

const read = (...path: string[]) => readFile(join(...path), "utf8");

it("generates what the repository has, with the generator's source", async () => {
  const folder = await mkdtemp(join(tmpdir(), "start-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const files = await generate(folder);
  expect(files.map(({ path }) => path)).toEqual(
    ["analytics", "chat", "monitor"].flatMap((name) => [
      `gen/${name}/v1/${name}_pb.ts`,
      `gen/${name}/v1/${name}_stream.ts`,
    ]),
  );
  for (const { path, lines } of files) {
    const text = await read(folder, path);
    expect(text).toBe(await read(path));
    expect(text.trimEnd().split("\n")).toHaveLength(lines);
  }
});

it("shows a method of a generated handler", async () => {
  expect(await declarationOf("gen/monitor/v1/monitor_stream.ts", "watch")).toBe(
    "watch(request: WatchRequest, stream: WatchServerStream): Promise<void>",
  );
});
