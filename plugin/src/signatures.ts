// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Types of the methods of handlers and clients. */
import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { Printable } from "@bufbuild/protoplugin";
import { rpcKinds, type StreamSide } from "./kinds.js";
import { memberName } from "./names.js";
import { separated } from "./printer.js";
import type { Symbols } from "./symbols.js";

/**
 * The handler's method: request if there is just one, or initial metadata if there is any; then the
 * stream, or the context if unary. A unary one may answer at once.
 */
export function handlerSignature(
  method: DescMethod,
  symbols: Symbols,
  stream?: string,
  metadata?: DescMessage,
): Printable {
  const params: Printable[] = [];
  if (metadata) params.push(["metadata: ", symbols.shape(metadata)]);
  if (rpcKinds[method.methodKind].takesRequest) {
    params.push(["request: ", symbols.shape(method.input)]);
  }
  params.push(
    stream === undefined ? ["context: ", symbols.type("HandlerContext")] : `stream: ${stream}`,
  );
  if (stream !== undefined) return [...head(method, params), promise("void", symbols)];
  const response = initShape(method.output, symbols);
  return [...head(method, params), response, " | ", promise(response, symbols)];
}

/** The client's method: request if there is just one, or initial metadata; then options. */
export function clientSignature(
  method: DescMethod,
  symbols: Symbols,
  stream?: string,
  metadata?: DescMessage,
): Printable {
  const params: Printable[] = [];
  if (metadata) params.push(["metadata: ", initShape(metadata, symbols)]);
  if (rpcKinds[method.methodKind].takesRequest) {
    params.push(["request: ", initShape(method.input, symbols)]);
  }
  params.push(["options?: ", symbols.type("StreamCallOptions")]);
  return [...head(method, params), stream ?? promise(symbols.shape(method.output), symbols)];
}

/** The runtime's type of a stream. */
export function streamType(method: DescMethod, side: StreamSide, symbols: Symbols): Printable {
  const schemas = side.messages.map((message) => ["typeof ", symbols.schema(method[message])]);
  return [symbols.type(side.type), "<", separated(schemas), ">"];
}

function head(method: DescMethod, params: readonly Printable[]): Printable[] {
  const member = memberName(method);
  // Unquoted, `new` would declare a constructor.
  return [member === "new" ? `"new"` : member, "(", separated(params), "): "];
}

function promise(type: Printable, symbols: Symbols): Printable {
  return [symbols.local("Promise"), "<", type, ">"];
}

/** What a user may give for a message: the message itself, or a plain object. */
function initShape(message: DescMessage, symbols: Symbols): Printable {
  return [symbols.type("MessageInitShape"), "<typeof ", symbols.schema(message), ">"];
}
