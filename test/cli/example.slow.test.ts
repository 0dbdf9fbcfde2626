// SPDX-License-Identifier: Apache-2.0
// `connect-stream example`: what it writes compiles, passes its test, and runs.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createProject, type Project, root, runClient, startServer } from "./projects.js";

const schema = readFileSync(new URL("testdata/kinds.proto", import.meta.url), "utf8");
const options = readFileSync(join(root, "proto/connectstream/v1/options.proto"), "utf8");

/** A project of `init`, with a schema of its own. */
async function createService(): Promise<Project> {
  const project = createProject({
    "proto/kinds/v1/kinds.proto": schema,
    "proto/connectstream/v1/options.proto": options,
  });
  await project.connectStream("init", "--yes");
  const path = join(project.folder, "buf.gen.yaml");
  const rewrite = "rewrite_imports=./connectstream/v1/*_pb.js:connect-stream/gen";
  project.write("buf.gen.yaml", readFileSync(path, "utf8").replace(/(opt: .*)/, `$1,${rewrite}`));
  return project;
}

const written = (folder: string) =>
  ["handler.ts", "server.ts", "client.ts", "handler.test.ts"].map((name) => `${folder}/${name}`);

it("writes code for all kinds that compiles, passes its test and runs", async () => {
  const project = await createService();
  const { code, out } = await project.connectStream("example", "kinds.v1.Test");
  expect(code).toBe(0);
  expect(out).toContain(
    written("src/test")
      .map((path) => `wrote  ${path}\n`)
      .join(""),
  );
  expect(out).toContain("Next:\n  npx buf generate\n  npx tsx --test src/test/handler.test.ts");
  await project.connectStream("example", "HTTPServer2Service", "--out", "src/deep/er");
  expect(await project.npx("buf", "generate")).toMatchObject({ code: 0 });
  const strictest = ["--noUnusedLocals", "--noUnusedParameters", "--exactOptionalPropertyTypes"];
  expect(await project.npx("tsc", ...strictest)).toMatchObject({ code: 0, out: "" });
  const tests = ["src/test/handler.test.ts", "src/deep/er/handler.test.ts"];
  const tested = await project.npx("tsx", "--test", "--test-reporter=tap", ...tests);
  expect(tested.out).toContain("# pass 7\n# fail 0");
  const url = await startServer(project, "src/test/server.ts");
  const client = await runClient(project, "src/test/client.ts", url);
  expect(client).toMatchObject({ code: 0, err: "" });
  for (const name of ["Delete", "Watch", "Upload", "then", "New"]) {
    expect(client.out).toContain(`${name}: {`);
  }
});
