// SPDX-License-Identifier: Apache-2.0
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { filesOf, run, runEs } from "./harness.js";
import { hostileNames, words } from "./hostile-names.js";
import { COMPILES_MS, typecheck } from "./typecheck.js";

type FileInit = MessageInitShape<typeof FileDescriptorProtoSchema>;

/** A file, in a package of its own. */
function file(
  name: string,
  services: Readonly<Record<string, readonly Rpc[]>>,
  messages = ["M"],
): FileInit {
  const type = (message: string) => `.${name}.${message}`;
  return {
    name: `${name}.proto`,
    package: name,
    syntax: "proto3",
    messageType: messages.map((message) => ({ name: message })),
    service: Object.entries(services).map(([service, rpcs]) => ({
      name: service,
      method: rpcs.map(({ name, message = "M", kind = 0 }) => ({
        name,
        inputType: type(message),
        outputType: type(message),
        clientStreaming: kind > 1,
        serverStreaming: kind % 2 === 1,
      })),
    })),
  };
}

interface Rpc {
  readonly name: string;
  readonly message?: string;
  /** 0 to 3: unary, server streaming, client streaming, bidirectional. */
  readonly kind?: number;
}

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

describe("names that no compiler lets through", () => {
  const rule = "rename it: a letter or underscore first, then letters, digits and underscores";

  test.each([
    ["message", ["1a", "S", "A"], "1a"],
    ["message", ["M\n", "S", "A"], "M\\n"],
    ["message", ["M\u2028", "S", "A"], "M\\u2028"],
    ["message", ["caf\u00e9", "S", "A"], "caf\u00e9"],
    ["message", ["", "S", "A"], ""],
    ["service", ["M", "1S", "A"], "1S"],
    ["service", ["M", "S {} //", "A"], "S {} //"],
    ["rpc", ["M", "S", "1A"], "1A"],
    ["rpc", ["M", "S", "A-B"], "A-B"],
  ])("%s in %j", (kind, [message = "", service = "", name = ""], printed) => {
    const set = create(FileDescriptorSetSchema, {
      file: [file("x", { [service]: [{ name, message }] }, [message])],
    });
    expect(run(set).error).toBe(`x.proto: ${kind} name "${printed}" is no identifier, ${rule}`);
    expect(run(set).file).toEqual([]);
  });

  test("nested messages, packages and imported files", () => {
    const imported = (init: FileInit) =>
      create(FileDescriptorSetSchema, {
        file: [
          { ...init, name: "google/protobuf/x.proto", syntax: "proto3" },
          { ...file("y", { S: [{ name: "A" }] }), dependency: ["google/protobuf/x.proto"] },
        ],
      });
    const where = "google/protobuf/x.proto: ";
    const nested = { name: "M", nestedType: [{ name: "N", nestedType: [{ name: "2" }] }] };
    expect(run(imported({ messageType: [nested] })).error).toBe(
      `${where}message name "2" is no identifier, ${rule}`,
    );
    expect(run(imported({ package: "a.*/.b" })).error).toBe(
      `${where}package name "*/" is no identifier, ${rule}`,
    );
  });
});
