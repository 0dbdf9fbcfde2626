// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import type { DescribedMethod } from "protoc-gen-connect-stream/schema";
import { importOf, indent, kindComments, responseOf, type Target } from "./code.js";

/** The file `handler.ts`: a method for each RPC. */
export function handlerFile(target: Target): string {
  const { service, typeName } = target;
  const methods = service.methods.map((each) => indent(methodOf(each)));
  return `${importOf(target, service.names.handler, service.file, true)}
/** Handles ${typeName}. */
export const handler: ${service.names.handler} = {
${methods.join("\n")}};
`;
}

function methodOf(described: DescribedMethod): string {
  const { method, member, metadata } = described;
  const { params, body } = kinds[method.methodKind];
  const all = [...(metadata ? ["_metadata"] : []), ...params].join(", ");
  return `// ${method.name}: ${kindComments[method.methodKind]}.
async ${member}(${all}) {
${indent(body(responseOf(described)))}},
`;
}

interface Kind {
  readonly params: readonly string[];
  readonly body: (response: string) => string;
}

/** How a handler of each kind is written. */
const kinds: Readonly<Record<DescMethod["methodKind"], Kind>> = {
  unary: {
    params: ["_request", "_context"],
    body: (response) => `return ${response};\n`,
  },
  server_streaming: {
    params: ["_request", "stream"],
    body: (response) => `for (let i = 0; i < 3; i++) {
  // Waits for a slow client, and throws when the client has left.
  await stream.send(${response});
}
// Returning ends the stream.
`,
  },
  client_streaming: {
    params: ["stream"],
    body: (response) => `for await (const _request of stream) {
  // Ends after the last request, and throws when the client leaves.
}
await stream.sendAndClose(${response});
`,
  },
  bidi_streaming: {
    params: ["stream"],
    body: (response) => `for await (const _request of stream) {
  // You can also send from elsewhere, without a request.
  await stream.send(${response});
}
// Returning ends the stream.
`,
  },
};
