// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming, DescMethodUnary, DescService } from "@bufbuild/protobuf";

/** The kinds of method that stream. */
export type StreamKind = DescMethodStreaming["methodKind"];

/** A service's methods, of a type that their kind tells apart. */
export function methodsOf(
  service: DescService,
): readonly (DescMethodUnary | DescMethodStreaming)[] {
  return service.methods as (DescMethodUnary | DescMethodStreaming)[];
}
