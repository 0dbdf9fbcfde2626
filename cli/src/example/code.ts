// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What the files of an example have in common. */
import type { DescMethod } from "@bufbuild/protobuf";
import type {
  DescribedMethod,
  DescribedService,
  GeneratedName,
} from "protoc-gen-connect-stream/schema";
import { sampleOf } from "./sample.js";

/** What the files are written for. */
export interface Target {
  /** The full name of the service. */
  readonly typeName: string;
  readonly service: DescribedService;
  /** The folder of generated code, as an import begins: `../../gen`. */
  readonly gen: string;
  readonly runner: "node" | "vitest";
}

/** What an RPC of each kind is. */
export const kindComments: Readonly<Record<DescMethod["methodKind"], string>> = {
  unary: "one request, one response",
  server_streaming: "one request, a stream of responses",
  client_streaming: "a stream of requests, one response",
  bidi_streaming: "a stream of requests, a stream of responses",
};

/** The import of something generated. */
export function importOf({ gen }: Target, names: string, file: string, isType = false): string {
  return `import ${isType ? "type " : ""}{ ${names} } from "${gen}/${file}.js";\n`;
}

/** A name to import, renamed where the file has another of that name. */
export function renamed({ name }: GeneratedName, taken: readonly string[], as: string): string {
  return taken.includes(name) ? `${name} as ${as}` : name;
}

/** A request, and a response, as literals. */
export function requestOf({ method }: DescribedMethod): string {
  return sampleOf(method.input);
}

/** What a handler sends. Only the server itself sets the field of heartbeats. */
export function responseOf({ method, heartbeat }: DescribedMethod): string {
  return sampleOf(method.output, heartbeat);
}

/** `object.name`, also where the name is none for a dot. */
export function member(object: string, name: string): string {
  return name === "__proto__" ? `${object}["__proto__"]` : `${object}.${name}`;
}

/** Indents all lines but empty ones. */
export function indent(text: string, by = "  "): string {
  return text.replaceAll(/^(?=.)/gm, by);
}
