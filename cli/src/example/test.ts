// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import type { DescribedMethod, GeneratedName } from "protoc-gen-connect-stream/schema";
import { importOf, member, renamed, requestOf, responseOf, type Target } from "./code.js";
import { sampleOf } from "./sample.js";

/** Names that the file has of its own. */
const taken = ["test", "create", "testCall", "handler", "call"];

const runners: Readonly<Record<Target["runner"], string>> = {
  node: 'import test from "node:test";\n',
  vitest: 'import { test } from "vitest";\n',
};

/** The file `handler.test.ts`: plays a call of each RPC. */
export function testFile(target: Target): string {
  const { methods, descriptor } = target.service;
  const needsCreate = methods.some(({ metadata }) => metadata);
  return [
    runners[target.runner],
    needsCreate ? 'import { create } from "@bufbuild/protobuf";\n' : "",
    'import { testCall } from "connect-stream/testing";\n',
    importOf(target, renamed(descriptor, taken, "Service"), descriptor.file),
    ...metadataImports(target),
    'import { handler } from "./handler.js";\n',
    ...methods.map((each) => `\n${testOf(target, each)}`),
  ].join("");
}

/** Each message that opens a stream, once. */
function metadataImports(target: Target): Set<string> {
  const { methods } = target.service;
  return new Set(
    methods.flatMap(({ metadata }) => {
      if (!metadata) return [];
      const { name, file } = metadata.schema;
      const local = schemaName(target, metadata.schema);
      return importOf(target, local === name ? name : `${name} as ${local}`, file);
    }),
  );
}

/** Its own name, or one with a number if the file has another of that name. */
function schemaName({ service }: Target, { name, file }: GeneratedName): string {
  const files = service.methods.flatMap(({ metadata }) =>
    metadata?.schema.name === name ? metadata.schema.file : [],
  );
  const isTaken = taken.includes(name) || service.descriptor.name === name;
  const others = [...new Set(files)];
  return isTaken || others.length > 1 ? `${name}${others.indexOf(file) + 1}` : name;
}

function testOf(target: Target, described: DescribedMethod): string {
  const { method, metadata } = described;
  const { name } = target.service.descriptor;
  const service = taken.includes(name) ? "Service" : name;
  const kind = kinds[method.methodKind];
  const args = [
    member(`${service}.method`, method.localName),
    member("handler", described.member),
    ...(kind.takesRequest ? [requestOf(described)] : []),
    ...(metadata
      ? [
          `{\n    metadata: create(${schemaName(target, metadata.schema)}, ${sampleOf(metadata.message)}),\n  }`,
        ]
      : []),
  ];
  const steps = kind.steps(requestOf(described), responseOf(described));
  return `test("${method.name}", async () => {
  await using call = testCall(${args.join(", ")});
  await call.play([
${steps.map((step) => `    ${step},\n`).join("")}  ]);
});
`;
}

interface Kind {
  readonly takesRequest: boolean;
  readonly steps: (request: string, response: string) => string[];
}

const send = (message: string) => `{ send: ${message} }`;
const recv = (message: string) => `{ recv: ${message} }`;

/** What the handler of `handler.ts` does. */
const kinds: Readonly<Record<DescMethod["methodKind"], Kind>> = {
  unary: { takesRequest: true, steps: (_, response) => [recv(response)] },
  server_streaming: {
    takesRequest: true,
    steps: (_, response) => [recv(response), recv(response), recv(response), '"end"'],
  },
  client_streaming: {
    takesRequest: false,
    steps: (request, response) => [send(request), send(request), '"closeSend"', recv(response)],
  },
  bidi_streaming: {
    takesRequest: false,
    steps: (request, response) => [
      send(request),
      recv(response),
      send(request),
      recv(response),
      '"closeSend"',
      '"end"',
    ],
  },
};
