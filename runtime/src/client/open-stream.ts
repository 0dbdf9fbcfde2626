// SPDX-License-Identifier: Apache-2.0
import type { DescMessage, DescMethodStreaming, DescMethodUnary } from "@bufbuild/protobuf";
import type { ContextValues, StreamResponse, Transport } from "@connectrpc/connect";
import type { RpcMethod } from "../protocol/method-kind.js";

/** Opens a call on a Connect transport, between two async iterables. */
export type OpenStream = (
  method: RpcMethod,
  signal: AbortSignal,
  timeoutMs: number | undefined,
  header: HeadersInit | undefined,
  input: AsyncIterable<object>,
  contextValues: ContextValues | undefined,
) => Promise<StreamResponse>;

/** How `transport` opens streams. */
export function streamOf(transport: Transport): OpenStream {
  return (method, signal, timeoutMs, header, input, contextValues) =>
    transport.stream<DescMessage, DescMessage>(
      method as DescMethodStreaming,
      signal,
      timeoutMs,
      header,
      input as Parameters<Transport["stream"]>[4],
      contextValues,
    );
}

/** Its unary calls as streams of one message each way, so that one carrier has all kinds. */
export function unaryAsStream(transport: Transport): OpenStream {
  return async (method, signal, timeoutMs, header, input, contextValues) => {
    const request = await input[Symbol.asyncIterator]().next();
    const response = await transport.unary<DescMessage, DescMessage>(
      method as DescMethodUnary,
      signal,
      timeoutMs,
      header,
      request.value,
      contextValues,
    );
    return {
      ...response,
      stream: true,
      method: method as DescMethodStreaming,
      message: once(response.message),
    };
  };
}

async function* once<T>(message: T): AsyncGenerator<T> {
  yield message;
}
