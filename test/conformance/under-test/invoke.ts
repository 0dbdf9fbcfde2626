// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ClientStream, StreamCallOptions } from "connect-stream";
import {
  type ClientCompatRequest,
  type ClientResponseResult,
  ClientResponseResultSchema,
} from "../../../.tmp/conformance/gen/connectrpc/conformance/v1/client_compat_pb.js";
import { StreamType } from "../../../.tmp/conformance/gen/connectrpc/conformance/v1/config_pb.js";
import {
  type BidiStreamRequest,
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  type ConformancePayload,
  ConformancePayloadSchema,
  IdempotentUnaryRequestSchema,
  ServerStreamRequestSchema,
  UnaryRequestSchema,
  UnimplementedRequestSchema,
} from "../../../.tmp/conformance/gen/connectrpc/conformance/v1/service_pb.js";
import {
  type ConformanceServiceClient,
  createConformanceServiceClient,
} from "../../../.tmp/conformance/gen/connectrpc/conformance/v1/service_stream.js";
import { CancelPlan } from "./cancel.js";
import { addHeaders, fromConnectError, fromHeaders } from "./convert.js";
import { transportFor } from "./transport.js";

/** One call to make. */
interface Call {
  readonly client: ConformanceServiceClient;
  readonly request: ClientCompatRequest;
  readonly cancel: CancelPlan;
  readonly options: StreamCallOptions;
  readonly result: ClientResponseResult;
}

const methods: Record<string, (call: Call) => Promise<void>> = {
  Unary: (call) => unary(call, UnaryRequestSchema, call.client.unary),
  IdempotentUnary: (call) => unary(call, IdempotentUnaryRequestSchema, call.client.idempotentUnary),
  Unimplemented: (call) =>
    unary(call, UnimplementedRequestSchema, async (request, options) => {
      await call.client.unimplemented(request, options);
      return {};
    }),
  ServerStream: serverStream,
  ClientStream: clientStream,
  BidiStream: bidiStream,
};

/** Makes the call that `request` describes, and tells what became of it. */
export async function invoke(request: ClientCompatRequest): Promise<ClientResponseResult> {
  const method = methods[request.method ?? ""];
  if (!method) throw new Error(`no such method: ${request.method}`);
  const cancel = new CancelPlan(request);
  const headers = new Headers();
  addHeaders(headers, request.requestHeaders);
  const call: Call = {
    client: createConformanceServiceClient(transportFor(request)),
    request,
    cancel,
    options: {
      headers,
      signal: cancel.signal,
      ...(request.timeoutMs !== undefined && { timeoutMs: request.timeoutMs }),
    },
    result: create(ClientResponseResultSchema),
  };
  await method(call);
  return call.result;
}

async function unary<D extends DescMessage>(
  { request, cancel, options, result }: Call,
  schema: D,
  method: (
    message: MessageShape<D> & MessageInitShape<D>,
    options: StreamCallOptions,
  ) => Promise<{ payload?: ConformancePayload | undefined }>,
): Promise<void> {
  const [message] = messagesOf(request, schema);
  if (!message) throw new Error("a unary call has one message");
  cancel.afterCloseSend();
  try {
    const response = await method(message as MessageShape<D> & MessageInitShape<D>, {
      ...options,
      onHeader: (header) => {
        result.responseHeaders = fromHeaders(header);
      },
      onTrailer: (trailer) => {
        result.responseTrailers = fromHeaders(trailer);
      },
    });
    addPayload(result, response);
  } catch (thrown) {
    const error = connectError(thrown);
    result.error = fromConnectError(error);
    result.responseTrailers = fromHeaders(error.metadata);
  }
}

async function serverStream({ client, request, cancel, options, result }: Call): Promise<void> {
  const [message] = messagesOf(request, ServerStreamRequestSchema);
  if (!message) throw new Error("a server-streaming call has one message");
  const stream = client.serverStream(message, options);
  cancel.afterCloseSend();
  await finish(stream, result, async () => {
    for (let response = await stream.recv(); response; response = await stream.recv()) {
      addPayload(result, response);
      cancel.afterResponses(result.payloads.length, stream);
    }
  });
}

async function clientStream({ client, request, cancel, options, result }: Call): Promise<void> {
  const stream = client.clientStream(options);
  await finish(stream, result, async () => {
    await sendAll(request, ClientStreamRequestSchema, result, (message) => stream.send(message));
    cancel.beforeCloseSend(stream);
    cancel.afterCloseSend();
    addPayload(result, await stream.closeAndRecv());
  });
}

async function bidiStream({ client, request, cancel, options, result }: Call): Promise<void> {
  const stream = client.bidiStream(options);
  const fullDuplex = request.streamType === StreamType.FULL_DUPLEX_BIDI_STREAM;
  const receive = async () => {
    const response = await stream.recv();
    if (response) addPayload(result, response);
    if (response) cancel.afterResponses(result.payloads.length, stream);
    return response;
  };
  await finish(stream, result, async () => {
    const answered = fullDuplex ? receive : undefined;
    const send = (message: BidiStreamRequest) => stream.send(message);
    await sendAll(request, BidiStreamRequestSchema, result, send, answered);
    cancel.beforeCloseSend(stream);
    await stream.closeSend();
    cancel.afterCloseSend();
    while (await receive());
  });
}

/** Sends the request's messages until one cannot be sent; counts those that were not. */
async function sendAll<D extends DescMessage>(
  request: ClientCompatRequest,
  schema: D,
  result: ClientResponseResult,
  send: (message: MessageShape<D>) => Promise<void>,
  sent: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  const messages = messagesOf(request, schema);
  result.numUnsentRequests = messages.length;
  for (const message of messages) {
    if (request.requestDelayMs > 0) await sleep(request.requestDelayMs);
    try {
      await send(message);
    } catch {
      // Why, is what receiving says.
      return;
    }
    result.numUnsentRequests--;
    await sent();
  }
}

/** Makes the call's moves, then notes what the stream says of itself. */
async function finish(
  stream: ClientStream,
  result: ClientResponseResult,
  moves: () => Promise<void>,
): Promise<void> {
  let error: ConnectError | undefined;
  try {
    await moves();
  } catch (thrown) {
    error = connectError(thrown);
    result.error = fromConnectError(error);
  }
  const outcome = await stream.outcome;
  // The end of the response may have come before the cancel, and then that is how the call ended.
  const cancelledLate = outcome.code === undefined && error?.code === Code.Canceled;
  if (outcome.code !== error?.code && !cancelledLate) {
    throw new Error(`outcome has ${outcome.error}, but the call ended with ${error}`);
  }
  const none = new Headers();
  result.responseHeaders = fromHeaders(await stream.header.catch(() => none));
  result.responseTrailers = fromHeaders(await stream.trailer.catch(() => error?.metadata ?? none));
}

function messagesOf<D extends DescMessage>(
  { requestMessages }: ClientCompatRequest,
  schema: D,
): MessageShape<D>[] {
  return requestMessages.map((any) => {
    const message = anyUnpack(any, schema);
    if (message) return message;
    throw new Error(`${any.typeUrl} is no ${schema.typeName}`);
  });
}

function addPayload(
  result: ClientResponseResult,
  { payload }: { payload?: ConformancePayload | undefined },
): void {
  result.payloads.push(payload ?? create(ConformancePayloadSchema));
}

/** Calls fail with nothing else; anything else fails the case. */
function connectError(thrown: unknown): ConnectError {
  if (thrown instanceof ConnectError) return thrown;
  throw thrown;
}
