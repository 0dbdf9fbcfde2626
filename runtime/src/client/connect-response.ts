// SPDX-License-Identifier: Apache-2.0
import type { DescMessage, DescMethodStreaming, DescMethodUnary } from "@bufbuild/protobuf";
import type { StreamResponse, UnaryResponse } from "@connectrpc/connect";
import { iterateMessages } from "../call/iterate.js";
import { IteratorSource } from "../call/iterator-source.js";
import { noFields } from "../protocol/fields.js";
import type { Call } from "./call.js";
import type { ClientCall } from "./client-call.js";
import { sendOnly, singleResponse } from "./unary.js";

/**
 * A call on the wire behind the async iterables that interceptors and Connect's own clients use.
 * Resolves when the response headers are there.
 */
export async function streamResponse<I extends DescMessage, O extends DescMessage>(
  call: ClientCall,
  input: AsyncIterable<object>,
  method: DescMethodStreaming<I, O>,
): Promise<StreamResponse<I, O>> {
  sendAll(input, call);
  const header = await call.header;
  const trailer = new Headers();
  return {
    stream: true,
    service: method.parent,
    method,
    header,
    trailer,
    message: readAll(call, trailer) as StreamResponse<I, O>["message"],
  };
}

/** The same for a unary call. Headers and trailers are made when somebody looks at them. */
export async function unaryResponse<I extends DescMessage, O extends DescMessage>(
  call: Call<unknown>,
  request: object,
  method: DescMethodUnary<I, O>,
): Promise<UnaryResponse<I, O>> {
  sendOnly(call, request);
  const message = await singleResponse(call);
  const { responseHeader = noFields, responseTrailer = noFields } = call;
  return {
    stream: false,
    service: method.parent,
    method,
    message: message as UnaryResponse<I, O>["message"],
    get header() {
      return responseHeader.headers;
    },
    get trailer() {
      return responseTrailer.headers;
    },
  };
}

/** Sends what `input` gives. If the call ends first, `input` is told with `return`. */
function sendAll(input: AsyncIterable<object>, call: ClientCall): void {
  // An input that throws fails the call; one whose call has ended changes nothing.
  const fail = (thrown: unknown) =>
    call.fail(thrown instanceof Error ? thrown : new Error(String(thrown)));
  let sending = false;
  const sendNext = () => {
    const message = sending ? undefined : source.take();
    if (message === undefined) return;
    sending = true;
    call.send(message).then(() => {
      sending = false;
      sendNext();
    }, fail);
  };
  const onEnd = () => void call.closeSend();
  const source = new IteratorSource(input, {
    onReady: sendNext,
    onEnd,
    onError: fail,
    onFault: fail,
  });
  void call.outcome.then(() => source.stop());
  sendNext();
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
