// SPDX-License-Identifier: Apache-2.0
// `example` where a schema has the names of code, editions, and services without streams.
import { expect, it } from "vitest";
import { createProject } from "./projects.js";

const weird = `syntax = "proto3";
package weird;
service delete { rpc new(Q) returns (stream Q); rpc import(stream Q) returns (Q); rpc class(stream Q) returns (stream Q); }
service handler { rpc handler(Q) returns (Q); rpc test(Q) returns (stream Q); }
service Service { rpc create(Q) returns (Q); rpc stream(stream Q) returns (stream Q); rpc client(Q) returns (stream Q); }
service testCall { rpc Do(Q) returns (Q); }
service closeOnSignals { rpc constructor(Q) returns (stream Q); }
service Promise { rpc hasOwnProperty(Q) returns (stream Q); }
service console { rpc process(Q) returns (Q); }
message Q {
  string class = 1; int32 delete = 2; map<string, Q> m = 3;
  oneof o { string a = 4; bytes b = 5; }
  optional bool flag = 6; repeated int64 nums = 8; string constructor = 9;
}
`;

const editions = `edition = "2023";
package ed.v1;
import "google/protobuf/empty.proto";
import "google/protobuf/struct.proto";
service Ed {
  rpc Only(M) returns (google.protobuf.Empty);
  rpc Any(google.protobuf.Value) returns (google.protobuf.Struct);
  rpc S(stream M) returns (stream M.Inner);
}
message M {
  string a = 1 [features.field_presence = LEGACY_REQUIRED];
  message Inner { int64 n = 1 [features.field_presence = LEGACY_REQUIRED]; Closed c = 2; }
  Inner inner = 3 [features.message_encoding = DELIMITED];
}
enum Closed { option features.enum_type = CLOSED; ONE = 1; }
`;

const services = [
  ...["delete", "handler", "Service", "testCall", "closeOnSignals", "Promise", "console"].map(
    (name) => `weird.${name}`,
  ),
  "ed.v1.Ed",
];

it("writes code that compiles and passes its tests, whatever a schema calls things", async () => {
  const project = createProject({
    "proto/weird/weird.proto": weird,
    "proto/ed/v1/ed.proto": editions,
  });
  await project.connectStream("init", "--yes");
  expect(await project.connectStream("lint")).toEqual({ code: 0, out: "", err: "" });
  const written = await Promise.all(services.map((name) => project.connectStream("example", name)));
  expect(written.map(({ code }) => code)).toEqual(services.map(() => 0));
  expect(await project.npx("buf", "generate")).toMatchObject({ code: 0 });
  expect(await project.npx("tsc", "--noUnusedLocals")).toMatchObject({ code: 0, out: "" });
  const folders = ["delete", "handler", "service", "test-call", "close-on-signals", "promise"];
  const tests = [...folders, "console", "ed"].map((name) => `src/${name}/handler.test.ts`);
  const tested = await project.npx("tsx", "--test", "--test-reporter=tap", ...tests);
  expect(tested.out).toContain("# fail 0");
});
