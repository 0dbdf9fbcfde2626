// SPDX-License-Identifier: Apache-2.0
// `connect-stream example`: what it writes, and where. That it runs is in example.slow.test.ts.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createProject, root } from "./projects.js";

const schema = readFileSync(new URL("testdata/kinds.proto", import.meta.url), "utf8");
const options = readFileSync(join(root, "proto/connectstream/v1/options.proto"), "utf8");

/** A module, without anything else. */
const files = {
  "buf.yaml": "version: v2\nmodules:\n  - path: proto\n",
  "proto/kinds.proto": schema,
  "proto/connectstream/v1/options.proto": options,
};

it("takes an image, another folder of generated code, and vitest", async () => {
  const project = createProject({
    "package.json": '{ "type": "module", "devDependencies": { "vitest": "4" } }',
    "buf.gen.yaml": "plugins:\n  - local: protoc-gen-connect-stream\n    out: lib/api\n",
    "api/kinds.proto": schema,
    "api/connectstream/v1/options.proto": options,
  });
  await project.npx("buf", "build", "api", "-o", "image.binpb");
  const { out } = await project.connectStream("example", "Test", "--schema", "image.binpb");
  expect(out).toContain("npx vitest run src/test/handler.test.ts");
  const test = readFileSync(join(project.folder, "src/test/handler.test.ts"), "utf8");
  expect(test).toContain('from "vitest"');
  expect(test).toContain('from "../../lib/api/kinds_pb.js"');
});

it("keeps files that exist", async () => {
  const project = createProject({
    ...files,
    "src/test/handler.ts": "mine\n",
  });
  const { code, out } = await project.connectStream("example", "Test");
  expect(code).toBe(0);
  expect(out).toContain("kept   src/test/handler.ts (exists)\nwrote  src/test/server.ts");
  expect(readFileSync(join(project.folder, "src/test/handler.ts"), "utf8")).toBe("mine\n");
});

it.each([
  [["Tset"], 2, "the schema has no service Tset; did you mean Test?"],
  [["Other"], 2, "the schema has no service Other, but has:\n  kinds.v1.Test"],
  [["kinds.v1.Nothing"], 1, "service kinds.v1.Nothing has no RPCs"],
  [[], 2, "example takes one SERVICE"],
  [["Test", "--schema", "none.binpb"], 2, "cannot read none.binpb: it does not exist"],
])("says what is wrong with %j", async (args, code, message) => {
  const project = createProject(files);
  const result = await project.connectStream("example", ...args);
  expect(result.code).toBe(code);
  expect(result.err).toContain(`connect-stream example: ${message}`);
  expect(existsSync(join(project.folder, "src"))).toBe(false);
});
