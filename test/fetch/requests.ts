// SPDX-License-Identifier: Apache-2.0
import type { FetchHandler } from "connect-stream/fetch";
import { gate, observed } from "../support/gate.js";
import type { ChatServerStream } from "../support/gen/lab/v1/lab_stream.js";

/** A request for an RPC of the lab. */
export interface RequestParts {
  rpc: string;
  body?: BodyInit | ReadableStream<Uint8Array>;
  type?: string;
  signal?: AbortSignal;
  headers?: Record<string, string>;
  method?: string;
}

export function requestOf({
  rpc,
  body,
  type = "application/connect+proto",
  signal,
  headers,
  method,
}: RequestParts) {
  const init = {
    method: method ?? "POST",
    headers: { "content-type": type, ...headers },
    duplex: "half",
    ...(body !== undefined && { body }),
    ...(signal && { signal }),
  };
  return new Request(`https://in.process/lab.v1.LabService/${rpc}`, init as RequestInit);
}

/** A request body that the test writes to. `asked`: how often the host of the handler has read. */
export function openBody() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const cancelled = gate<void>();
  const state = { asked: 0, written: 0 };
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (started) => {
        controller = started;
      },
      pull: () => {
        state.asked++;
      },
      cancel: () => cancelled.resolve(),
    },
    { highWaterMark: 0 },
  );
  return {
    stream,
    state,
    cancelled: cancelled.promise,
    write: (chunk: Uint8Array) => {
      state.written++;
      controller?.enqueue(chunk);
    },
    end: () => controller?.close(),
    fail: () => controller?.error(new Error("the connection is gone")),
  };
}

/** A handler of `Chat`, and its stream as soon as it runs. */
export function chatting(run: (stream: ChatServerStream) => Promise<void>) {
  const { handler, ended } = observed(run);
  return { chat: handler, ended };
}

/** Reads to the end. */
export const receiveAll = async (stream: ChatServerStream) => {
  stream.sendHeaders();
  for await (const _ of stream);
};

/** Calls `Chat` with a body that stays open. Resolves when the response has begun. */
export async function chat(handler: FetchHandler, signal?: AbortSignal) {
  const body = openBody();
  const request = requestOf({ rpc: "Chat", body: body.stream, ...(signal && { signal }) });
  return { body, response: await handler(request) };
}
