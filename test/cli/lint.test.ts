// SPDX-License-Identifier: Apache-2.0
// `connect-stream lint`: all that the generator would refuse, with the lines to mend.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createProject, root } from "./projects.js";

const options = readFileSync(join(root, "proto/connectstream/v1/options.proto"), "utf8");

const schema = `syntax = "proto3";
package a.v1;
import "connectstream/v1/options.proto";
service S {
  option (connectstream.v1.service).client.timeout_ms = 0;
  rpc Watch(Q) returns (stream Q) {
    option (connectstream.v1.method) = {
      server {
        timeouts {
          send_ms: 0
          idle_ms: 4294967295
        }
      }
      errors {
        reason: "lower"
        code: CODE_ABORTED
        when: "always"
      }
      heartbeat {
        field: "none"
        interval_ms: 1
      }
    };
  }
  rpc Read(Q) returns (Q) {
    option (connectstream.v1.method).client.timeouts.idle_ms = 5000;
    option (connectstream.v1.method).initial_metadata = "Nobody";
  }
  rpc read(Q) returns (Q);
}
message Q {}
`;

const files = {
  "buf.yaml": "version: v2\nmodules:\n  - path: proto\n",
  "proto/a/v1/a.proto": schema,
  "proto/connectstream/v1/options.proto": options,
};

/** Line, and a part of the message. */
const faults = [
  [5, "service a.v1.S: option (connectstream.v1.service).client.timeout_ms: invalid value 0"],
  [
    10,
    "rpc a.v1.S.Watch: option (connectstream.v1.method).server.timeouts.send_ms: invalid value 0",
  ],
  [11, "server.timeouts.idle_ms: invalid value 4294967295, allowed: a whole number from 1"],
  [14, 'errors[0].reason: invalid value "lower"'],
  [20, 'heartbeat.field: invalid value "none"'],
  [26, "client.timeouts has no effect on the client of a unary RPC"],
  [27, "initial_metadata is not allowed: Read takes one request"],
  [29, "RPCs Read and read of service a.v1.S are both named read"],
] as const;

it("prints each mistake with its line, and exits with 1", async () => {
  const { code, out, err } = await createProject(files).connectStream("lint");
  expect({ code, err }).toEqual({ code: 1, err: "" });
  const lines = out.trimEnd().split("\n");
  expect(lines.map((line) => line.split(":", 2))).toEqual(
    faults.map(([line]) => ["proto/a/v1/a.proto", String(line)]),
  );
  for (const [i, [, message]] of faults.entries()) expect(lines[i]).toContain(message);
});

it("prints JSON as buf lint does", async () => {
  const { out } = await createProject(files).connectStream("lint", "--format", "json");
  const [first] = out.split("\n");
  expect(JSON.parse(first ?? "")).toEqual({
    path: "proto/a/v1/a.proto",
    start_line: 5,
    start_column: 3,
    message: expect.stringContaining(faults[0][1]),
  });
});

it.each(["proto/a/v1/a.proto", "proto", "image.binpb"])("reads %s", async (source) => {
  const project = createProject(files);
  await project.npx("buf", "build", "-o", "image.binpb");
  const { code, out } = await project.connectStream("lint", source);
  expect(code).toBe(1);
  expect(out.trimEnd().split("\n")).toHaveLength(faults.length);
});

it("says nothing of files that are only imported", async () => {
  const project = createProject(files);
  project.write("proto/b.proto", 'syntax = "proto3";\npackage b;\nimport "a/v1/a.proto";\n');
  expect(await project.connectStream("lint", "proto/b.proto")).toMatchObject({ code: 0, out: "" });
});

it("passes on what buf finds, and exits with 2", async () => {
  const project = createProject({ ...files, "proto/a/v1/a.proto": "syntax = 1;\n" });
  const { code, out, err } = await project.connectStream("lint");
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toMatch(/^connect-stream lint: buf build failed\nproto\/a\/v1\/a\.proto:1:/);
});

it("exits with 0 for the repository's own schema", async () => {
  const project = createProject(files);
  const result = await project.connectStream("lint", join(root, "proto"));
  expect(result).toEqual({ code: 0, out: "", err: "" });
});
