// SPDX-License-Identifier: Apache-2.0
import type { Interceptor, StreamRequest, StreamResponse } from "@connectrpc/connect";

/** A streaming call, as interceptors see it. */
export type StreamFn = (request: StreamRequest) => Promise<StreamResponse>;

/** Wraps a streaming call with interceptors; the first is the outermost. */
export function applyInterceptors(call: StreamFn, interceptors: readonly Interceptor[]): StreamFn {
  return interceptors.reduceRight<StreamFn>(
    // Interceptors answer a stream request with a stream response; their type covers unary too.
    (next, interceptor) => interceptor(next as Parameters<Interceptor>[0]) as StreamFn,
    call,
  );
}
