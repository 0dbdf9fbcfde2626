// SPDX-License-Identifier: Apache-2.0
// `connect-stream init`, in empty folders and in projects. `.ci/third-party.sh` installs its result.
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { createProject, root, runClient, startServer } from "./projects.js";

const files = ["package.json", "buf.yaml", "buf.gen.yaml", "tsconfig.json", ".gitignore"];
const service = [
  "proto/counter/v1/counter.proto",
  "src/counter/handler.ts",
  "src/counter/server.ts",
  "src/counter/client.ts",
  "src/counter/handler.test.ts",
];

describe("in an empty folder", () => {
  it("writes a project that generates, compiles, passes its test and runs", async () => {
    const project = createProject();
    const { code, out } = await project.connectStream("init");
    expect(code).toBe(0);
    expect(out).toContain([...files, ...service].map((path) => `wrote  ${path}\n`).join(""));
    expect(out).toContain("npm install\n  npx buf generate\n  npm test");
    expect(await project.npx("buf", "generate")).toMatchObject({ code: 0 });
    expect(await project.npx("buf", "lint")).toMatchObject({ code: 0, out: "" });
    expect(await project.npx("buf", "format", "--diff")).toMatchObject({ code: 0, out: "" });
    expect(await project.npx("tsc")).toMatchObject({ code: 0, out: "" });
    expect(await project.npx("tsx", "--test", "src/counter/handler.test.ts")).toMatchObject({
      code: 0,
    });
    const url = await startServer(project, "src/counter/server.ts");
    const client = await runClient(project, "src/counter/client.ts", url);
    expect(client.out).toBe(`the count is 0
added 6: 6
added 10: 16
meanwhile, the watch saw 1
meanwhile, the watch saw 3
meanwhile, the watch saw 6
meanwhile, the watch saw 16
the count is 16
`);
  });

  it("makes the folder, and names the package after it", async () => {
    const project = createProject();
    const { out } = await project.connectStream("init", "My App");
    expect(out).toContain("cd My App");
    const manifest = JSON.parse(readFileSync(join(project.folder, "My App/package.json"), "utf8"));
    expect(manifest).toMatchObject({ name: "my-app", type: "module" });
  });

  it("installs what the repository is tested with", async () => {
    const project = createProject();
    await project.connectStream("init");
    const read = (folder: string) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const own = read(project.folder);
    const { devDependencies: tested } = read(root);
    const { version } = read(join(root, "cli"));
    expect({ ...own.dependencies, ...own.devDependencies }).toEqual({
      ...Object.fromEntries(
        Object.keys({ ...own.dependencies, ...own.devDependencies }).map((name) => [
          name,
          tested[name] ?? `^${version}`,
        ]),
      ),
    });
  });

  it("is what create-connect-stream runs", async () => {
    const read = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));
    const { version } = read("cli/package.json");
    expect(read("create/package.json")).toMatchObject({
      version,
      dependencies: { "connect-stream-cli": version },
    });
    const project = createProject();
    const program = join(root, "create/bin/create-connect-stream");
    await promisify(execFile)(process.execPath, [program, "app"], { cwd: project.folder });
    expect(existsSync(join(project.folder, "app/src/counter/handler.ts"))).toBe(true);
  });
});

describe("in a project", () => {
  const manifest = '{ "dependencies": { "connect-stream": "0.1.0" } }';
  const own = { "package.json": manifest, "buf.gen.yaml": "version: v2\nplugins: []\n" };

  it("shows what it would write and what to change, and writes nothing", async () => {
    const project = createProject(own);
    const { code, out } = await project.connectStream("init");
    expect(code).toBe(0);
    for (const path of ["buf.yaml", "tsconfig.json", ".gitignore", ...service]) {
      expect(out).toContain(`  ${path}\n`);
      expect(existsSync(join(project.folder, path))).toBe(false);
    }
    expect(out).toContain("Use --yes");
    expect(out).toContain("npm pkg set type=module");
    expect(out).toMatch(/npm install "@bufbuild\/protobuf@\S+" (?!.*"connect-stream@)/);
    expect(out).toContain("- local: protoc-gen-connect-stream");
  });

  it("writes with --yes, and never over a file", async () => {
    const mine = "export const mine = true;\n";
    const project = createProject({ ...own, "src/counter/handler.ts": mine });
    expect(await project.connectStream("init", "--yes")).toMatchObject({ code: 0 });
    const read = (path: string) => readFileSync(join(project.folder, path), "utf8");
    expect(read("src/counter/handler.ts")).toBe(mine);
    expect(read("package.json")).toBe(manifest);
    expect(read("buf.gen.yaml")).toBe(own["buf.gen.yaml"]);
    expect(existsSync(join(project.folder, "src/counter/server.ts"))).toBe(true);
    expect((await project.connectStream("init")).out).toContain("has all files already");
  });

  it("adds no service to a schema, and generates from all of it", async () => {
    const proto =
      'syntax = "proto3";\npackage a;\nservice S { rpc R(M) returns (M); }\nmessage M {}\n';
    const project = createProject({
      "api/a/a.proto": proto,
      "more/b.proto": proto.replace("package a", "package b"),
    });
    const { out } = await project.connectStream("init", "--yes");
    expect(out).toContain("npx connect-stream example SERVICE");
    expect(existsSync(join(project.folder, "src"))).toBe(false);
    expect(await project.npx("buf", "generate")).toMatchObject({ code: 0 });
    expect(existsSync(join(project.folder, "gen/a/a_stream.ts"))).toBe(true);
    expect(existsSync(join(project.folder, "gen/b_stream.ts"))).toBe(true);
    expect(await project.connectStream("lint")).toEqual({ code: 0, out: "", err: "" });
  });

  it("refuses a file in place of the folder", async () => {
    const project = createProject({ app: "" });
    const { code, err } = await project.connectStream("init", "app");
    expect(code).toBe(2);
    expect(err).toMatch(/^connect-stream init: .*app is not a folder\n/);
  });

  it("says which file it can't read", async () => {
    const project = createProject({ "package.json": "{" });
    const { code, err } = await project.connectStream("init", "--yes");
    expect(code).toBe(1);
    expect(err).toMatch(/^connect-stream init: cannot read package\.json: /);
    expect(existsSync(join(project.folder, "buf.yaml"))).toBe(false);
  });
});
