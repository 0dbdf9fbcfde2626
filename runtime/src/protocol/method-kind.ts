// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming, DescMethodUnary, DescService } from "@bufbuild/protobuf";

/** The kinds of method that stream. */
export type StreamKind = DescMethodStreaming["methodKind"];

/** A method of any kind, of a type that its kind tells apart. */
export type RpcMethod = DescMethodUnary | DescMethodStreaming;

export type RpcKind = RpcMethod["methodKind"];

/** How many messages a kind has each way: one, or any number. */
export const rpcKinds: Readonly<
  Record<RpcKind, { readonly oneRequest: boolean; readonly oneResponse: boolean }>
> = {
  unary: { oneRequest: true, oneResponse: true },
  server_streaming: { oneRequest: true, oneResponse: false },
  client_streaming: { oneRequest: false, oneResponse: true },
  bidi_streaming: { oneRequest: false, oneResponse: false },
};

/** A service's methods, of a type that their kind tells apart. */
export function methodsOf(service: DescService): readonly RpcMethod[] {
  return service.methods as RpcMethod[];
}
