// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import type { DescribedMethod } from "protoc-gen-connect-stream/schema";
import { importOf, indent, kindComments, requestOf, type Target } from "./code.js";
import { sampleOf } from "./sample.js";

/** The file `client.ts`: calls each RPC. */
export function clientFile(target: Target): string {
  const { names, file, methods } = target.service;
  return `import { createStreamTransport } from "connect-stream/node";
${importOf(target, names.createClient, file)}
const baseUrl = process.env.SERVER_URL ?? "http://localhost:8080";
const client = ${names.createClient}(createStreamTransport({ baseUrl, protocol: "grpc" }));

${methods.map(callOf).join("\n")}`;
}

function callOf(described: DescribedMethod): string {
  const { method, member, metadata } = described;
  const kind = kinds[method.methodKind];
  const request = requestOf(described);
  const args = [
    ...(metadata ? [sampleOf(metadata.message)] : []),
    ...(kind.takesRequest ? [request] : []),
  ];
  const call = `client.${member}(${args.join(", ")})`;
  return `// ${method.name}: ${kindComments[method.methodKind]}.\n${kind.code(call, method.name, request)}`;
}

interface Kind {
  readonly takesRequest: boolean;
  readonly code: (call: string, name: string, request: string) => string;
}

/** How a call of each kind is written. */
const kinds: Readonly<Record<DescMethod["methodKind"], Kind>> = {
  unary: {
    takesRequest: true,
    code: (call, name) => `console.log("${name}:", await ${call});\n`,
  },
  server_streaming: {
    takesRequest: true,
    code: (call, name) => `for await (const response of ${call}) {
  console.log("${name}:", response); // \`break\` cancels the call
}
`,
  },
  client_streaming: {
    takesRequest: false,
    code: (call, name, request) => `{
  await using stream = ${call};
  for (let i = 0; i < 3; i++) await stream.send(${request});
  console.log("${name}:", await stream.closeAndRecv());
}
`,
  },
  bidi_streaming: {
    takesRequest: false,
    code: (call, name, request) => `{
  await using stream = ${call};
${indent(bidi(name, request))}}
`,
  },
};

function bidi(name: string, request: string): string {
  return `const speak = async () => {
  for (let i = 0; i < 3; i++) await stream.send(${request});
  await stream.closeSend(); // the last request; responses may follow
};
const listen = async () => {
  for await (const response of stream) console.log("${name}:", response);
};
await Promise.all([speak(), listen()]);
`;
}
