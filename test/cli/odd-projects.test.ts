// SPDX-License-Identifier: Apache-2.0
// `init`, `example` and `lint` where schemas and folders are not as most are.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createProject } from "./projects.js";

const one = 'syntax = "proto3";\npackage a;\nservice S { rpc R(M) returns (M); }\nmessage M {}\n';
const module = {
  "buf.yaml": "version: v2\nmodules:\n  - path: proto\n",
  "proto/a/a.proto": one,
  "proto/b/b.proto": one.replace("package a", "package b"),
};

it("writes to a folder that is absolute, and nothing where all is there", async () => {
  const project = createProject(module);
  const out = join(project.folder, "else/where");
  const first = await project.connectStream("example", "a.S", "--out", out);
  expect(first.out).toContain(`wrote  ${out}/handler.ts\n`);
  const handler = readFileSync(join(out, "handler.ts"), "utf8");
  expect(handler).toContain('from "../../gen/a/a_stream.js"');
  // A service of the same name, whose files would be the same ones.
  const second = await project.connectStream("example", "b.S", "--out", out);
  expect(second.out).toMatch(/^(kept .* \(exists\)\n){4}\nNothing is written; --out DIR takes/);
  expect(readFileSync(join(out, "handler.ts"), "utf8")).toBe(handler);
});

it("asks which of two services is meant, and does not write over a file with a folder", async () => {
  const project = createProject(module);
  const [which, file] = await Promise.all([
    project.connectStream("example", "S"),
    project.connectStream("example", "a.S", "--out", "buf.yaml"),
  ]);
  expect([which.code, which.err]).toEqual([
    2,
    expect.stringContaining("more than one service is named S:\n  a.S\n  b.S\n"),
  ]);
  expect([file.code, file.err]).toEqual([
    1,
    expect.stringMatching(
      /^connect-stream example: cannot write .*: a file is in place of a folder\n$/,
    ),
  ]);
});

it("says what to do next only after it has written", async () => {
  const project = createProject({ "package.json": "{}" });
  const shown = await project.connectStream("init");
  expect(shown.out).toContain("--yes");
  expect(shown.out).not.toContain("Next:");
  expect((await project.connectStream("init", "--yes")).out).toContain("Next:\n");
});

it("refuses a folder below a file", async () => {
  const project = createProject({ app: "" });
  const { code, err } = await project.connectStream("init", "app/below");
  expect([code, err]).toEqual([2, expect.stringContaining("a part of its path is no folder\n")]);
  expect(existsSync(join(project.folder, "package.json"))).toBe(false);
});

it("lints what there is, and says what is not", async () => {
  const project = createProject({ ...module, "a.txt": "" });
  const [file, none, text] = await Promise.all(
    ["proto/a/a.proto", "nowhere", "a.txt"].map((source) => project.connectStream("lint", source)),
  );
  expect(file).toEqual({ code: 0, out: "", err: "" });
  const nowhere = expect.stringContaining("\nthere is no nowhere here\n");
  expect([none?.code, none?.err]).toEqual([2, nowhere]);
  expect([text?.code, text?.err]).toEqual([2, expect.stringContaining("a schema is a folder, ")]);
});
