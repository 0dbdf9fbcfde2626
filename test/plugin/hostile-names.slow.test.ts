// SPDX-License-Identifier: Apache-2.0
// Whatever a schema calls things, what is generated compiles.
import { clone, create } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { file } from "./descriptor-files.js";
import { compile, filesOf, run, runEs } from "./harness.js";
import { hostileNames, words } from "./hostile-names.js";
import { COMPILES_MS, compilations, typecheck } from "./typecheck.js";

/** Protoc-gen-es gives a type or a constant such a name, which TypeScript does not allow. */
const unusable = {
  messages: words("any unknown never symbol undefined as keyof infer readonly unique await"),
  services: words("arguments await eval"),
};
const messages = hostileNames.filter((name) => !unusable.messages.includes(name));
const services = hostileNames.filter((name) => !unusable.services.includes(name));

/** `Then` and `then` cannot be in one service. */
const [rpcs, otherRpcs] = [/^[^A-Z]/, /^[A-Z]/].map((start) =>
  hostileNames.filter((name) => start.test(name)),
);

const kinds = [0, 1, 2, 3];

test("hostile names compile", { timeout: COMPILES_MS }, () => {
  const set = create(FileDescriptorSetSchema, {
    file: [
      file(
        "messages",
        {
          Svc: messages.flatMap((message, i) =>
            kinds.map((kind) => ({ name: `R${i}x${kind}`, message, kind })),
          ),
        },
        messages,
      ),
      file(
        "services",
        Object.fromEntries(
          services.map((name) => [name, kinds.map((kind) => ({ name: `R${kind}`, kind }))]),
        ),
      ),
      ...kinds.flatMap((kind) =>
        [rpcs, otherRpcs].map((names = [], i) =>
          file(`rpcs${kind}x${i}`, { Svc: names.map((name) => ({ name, kind })) }),
        ),
      ),
    ],
  });
  const parameter = "target=ts,import_extension=js";
  const files = filesOf(run(set, parameter), runEs(set, parameter));
  expect(typecheck(files, { typescript: "current", resolution: "nodenext" })).toEqual([]);
});

test("the names left out above are no use to protoc-gen-es either", () => {
  const set = create(FileDescriptorSetSchema, {
    file: [
      ...unusable.messages.map((name) =>
        file(`m_${name}`, { Svc: [{ name: "R", message: name }] }, [name]),
      ),
      ...unusable.services.map((name) => file(`s_${name}`, { [name]: [] })),
    ],
  });
  const faults = typecheck(filesOf(runEs(set, "target=ts")), {
    typescript: "current",
    resolution: "bundler",
  });
  const broken = new Set(faults.map((fault) => /(\w+)_pb\.ts: /.exec(fault)?.[1]));
  expect([...broken].sort()).toEqual(set.file.map((file) => file.name.slice(0, -6)).sort());
});

test("declared errors of hostile names compile", { timeout: COMPILES_MS }, async () => {
  const unusable = words("arguments await eval");
  const reasons = hostileNames.map((name) =>
    name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase(),
  );
  const allowed = new Set(reasons.filter((reason) => /^[A-Z][A-Z0-9_]+[A-Z0-9]$/.test(reason)));
  const option = (reason: string) =>
    `option (connectstream.v1.service).errors = { reason: "${reason}" code: CODE_ABORTED when: "x" };`;
  const services = hostileNames.filter((name) => !unusable.includes(name));
  const sources = {
    "services.proto": `syntax = "proto3"; package services; import "connectstream/v1/options.proto";
      ${services.map((name) => `service ${name} { ${option("ANY_OF_IT")} }`).join("\n")}`,
    "reasons.proto": `syntax = "proto3"; package reasons; import "connectstream/v1/options.proto";
      service S { ${[...allowed].map(option).join("\n")} }`,
  };
  const set = await compile(sources);
  const parameter = "target=ts,import_extension=js";
  const files = filesOf(run(set, parameter), runEs(set, parameter));
  expect(typecheck(files, { typescript: "current", resolution: "nodenext" })).toEqual([]);
});

test("initial metadata of hostile names compiles", { timeout: COMPILES_MS }, async () => {
  const messages = [
    "Promise",
    "Headers",
    "Partial",
    "StreamCallOptions",
    "metadata",
    "Error",
    "options",
  ];
  const rpcs = ["then", "constructor", "__proto__", "HasOwnProperty", "metadata", "New", "delete"];
  const set = await compile({
    "a.proto": `syntax = "proto3";
      import "connectstream/v1/options.proto";
      service S { ${rpcs
        .map(
          (rpc, i) => `rpc ${rpc}(stream M) returns (stream M) {
            option (connectstream.v1.method).initial_metadata = "${messages[i]}";
          }`,
        )
        .join("\n")} }
      message M {}
      ${messages.map((name) => `message ${name} { string constructor = 1; int32 then = 2; bool toString = 3; string __proto__ = 4; }`).join("\n")}`,
  });
  const files = filesOf(
    run(clone(FileDescriptorSetSchema, set), "target=ts,import_extension=js"),
    runEs(set, "target=ts,import_extension=js"),
  );
  for (const compilation of compilations) expect(typecheck(files, compilation)).toEqual([]);
  const [stream = ""] = [...files.entries()]
    .filter(([name]) => name === "a_stream.ts")
    .map(([, text]) => text);
  for (const [i, name] of messages.entries()) expect(stream, rpcs[i]).toContain(`${name}Schema`);
});
