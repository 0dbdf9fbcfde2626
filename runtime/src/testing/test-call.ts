// SPDX-License-Identifier: Apache-2.0
import type {
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodStreaming,
  DescMethodUnary,
  Message,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import type { StreamContext } from "../api/context.js";
import type {
  BidiStreamingServer,
  ClientStreamingServer,
  ServerStreamingServer,
} from "../api/server-stream.js";
import type { HandlerMethod } from "../server/run-handler.js";
import { MemoryCall } from "./memory-call.js";
import type {
  BidiStreamingTestCall,
  ClientStreamingTestCall,
  ServerStreamingTestCall,
  TestCallOptions,
  TestMetadata,
  UnaryTestCall,
} from "./types.js";

/**
 * Calls a handler in memory: no server, no network, no time that passes. `method` is the RPC's
 * descriptor, such as `MonitorService.method.watch`, `handler` a method of the generated handler
 * interface. The handler starts at once, and behaves as it does behind gRPC on a server: the code
 * between it and the wire is the same.
 *
 * Throws a `RangeError` for invalid options, and a `ConnectError` for initial metadata that can't
 * be sent.
 */
export function testCall<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  handler: (
    request: MessageShape<I>,
    context: StreamContext,
  ) => MessageInitShape<O> | Promise<MessageInitShape<O>>,
  request: MessageInitShape<I>,
  options?: TestCallOptions,
): UnaryTestCall<O>;
export function testCall<I extends DescMessage, O extends DescMessage>(
  method: DescMethodServerStreaming<I, O>,
  handler: (request: MessageShape<I>, stream: ServerStreamingServer<O>) => Promise<void>,
  request: MessageInitShape<I>,
  options?: TestCallOptions,
): ServerStreamingTestCall<O>;
export function testCall<I extends DescMessage, O extends DescMessage>(
  method: DescMethodClientStreaming<I, O>,
  handler: (stream: ClientStreamingServer<I, O>) => Promise<void>,
  options?: TestCallOptions,
): ClientStreamingTestCall<I, O>;
export function testCall<I extends DescMessage, O extends DescMessage>(
  method: DescMethodBiDiStreaming<I, O>,
  handler: (stream: BidiStreamingServer<I, O>) => Promise<void>,
  options?: TestCallOptions,
): BidiStreamingTestCall<I, O>;
export function testCall<I extends DescMessage, O extends DescMessage, M extends Message>(
  method: DescMethodClientStreaming<I, O>,
  handler: (metadata: M, stream: ClientStreamingServer<I, O>) => Promise<void>,
  options: TestCallOptions & TestMetadata<M>,
): ClientStreamingTestCall<I, O>;
export function testCall<I extends DescMessage, O extends DescMessage, M extends Message>(
  method: DescMethodBiDiStreaming<I, O>,
  handler: (metadata: M, stream: BidiStreamingServer<I, O>) => Promise<void>,
  options: TestCallOptions & TestMetadata<M>,
): BidiStreamingTestCall<I, O>;
export function testCall(
  method: DescMethod,
  handler: (...args: never[]) => unknown,
  ...rest: readonly (object | undefined)[]
): object {
  const { methodKind } = method;
  const takesRequest = methodKind === "unary" || methodKind === "server_streaming";
  const [request, options] = takesRequest ? rest : [undefined, ...rest];
  const call = new MemoryCall(
    method as DescMethodUnary | DescMethodStreaming,
    handler as HandlerMethod,
    options ?? {},
  );
  if (request) sendOnly(call, request);
  return call;
}

function sendOnly(call: MemoryCall, request: object): void {
  call.send(request).catch((error: unknown) => call.fail(ConnectError.from(error)));
  void call.closeSend();
}
