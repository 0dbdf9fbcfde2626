// SPDX-License-Identifier: Apache-2.0
import type { DescMessage } from "@bufbuild/protobuf";
import type { StreamRequest, StreamResponse } from "@connectrpc/connect";
import { iterateMessages } from "../call/iterate.js";
import { noQueues } from "../protocol/call-queues.js";
import type { ClientCall } from "./client-call.js";
import { WireCarrier, type WireTransportOptions } from "./wire-carrier.js";

/**
 * A call on the wire behind the async iterables that interceptors and Connect's own clients use.
 * Resolves when the response headers are there.
 */
export async function streamOnWire<I extends DescMessage, O extends DescMessage>(
  options: WireTransportOptions,
  request: StreamRequest<I, O>,
): Promise<StreamResponse<I, O>> {
  const { method, header, signal } = request;
  const { call } = new WireCarrier(options, method, {
    header,
    signal,
    timeoutMs: undefined,
    queues: noQueues,
  });
  void sendAll(request.message, call);
  const trailer = new Headers();
  const responseHeader = await call.header;
  return {
    stream: true,
    service: request.service,
    method,
    header: responseHeader,
    trailer,
    message: readAll(call, trailer) as StreamResponse<I, O>["message"],
  };
}

async function sendAll(input: AsyncIterable<object>, call: ClientCall): Promise<void> {
  try {
    for await (const message of input) await call.send(message);
    await call.closeSend();
  } catch (error) {
    // An input that throws fails the call; one whose call has ended changes nothing.
    call.fail(error instanceof Error ? error : new Error(String(error)));
  }
}

function readAll(call: ClientCall, trailer: Headers): AsyncIterable<object> {
  const source = iterateMessages(call, () => call.close());
  return {
    [Symbol.asyncIterator]: () => ({
      ...source,
      async next() {
        const result = await source.next();
        if (result.done) {
          (await call.trailer).forEach((value, key) => {
            trailer.append(key, value);
          });
        }
        return result;
      },
    }),
  };
}
