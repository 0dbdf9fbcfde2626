// SPDX-License-Identifier: Apache-2.0
import { type CallOptions, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { gate } from "../gate.js";
import { LabService, type Note } from "../gen/lab/v1/lab_pb.js";
import type { NoteInit } from "../note.js";
import { MessageQueue } from "./message-queue.js";
import type { TestCall, TestCallOptions, TestClient } from "./test-client.js";

/** Connect's own client, which knows nothing of this repository, on any transport. */
export function plainClient(transport: Transport): TestClient {
  const client = createClient(LabService, transport);
  return {
    unary: (request, options) => client.unary(request, options),
    download: (request, options) => call(options, (o) => client.download(request, o)),
    upload: (options) => call(options, (o, input) => once(client.upload(input, o))),
    chat: (options) => call(options, (o, input) => client.chat(input, o)),
    close: () => undefined,
  };
}

async function* once(response: Promise<Note>): AsyncIterable<Note> {
  yield await response;
}

function call(
  options: TestCallOptions = {},
  open: (options: CallOptions, input: AsyncIterable<NoteInit>) => AsyncIterable<Note>,
): TestCall {
  const controller = new AbortController();
  const input = new MessageQueue<NoteInit>();
  const header = gate<Headers>();
  const trailer = gate<Headers>();
  const output = open(
    {
      ...options,
      signal: controller.signal,
      onHeader: header.resolve,
      onTrailer: trailer.resolve,
    },
    input,
  )[Symbol.asyncIterator]();
  // A call starts with the first message that somebody asks for.
  let first: Promise<IteratorResult<Note>> | undefined = output.next();
  first.catch(() => undefined);
  return {
    header: header.promise,
    trailer: trailer.promise,
    send: (message) => input.push(message),
    closeSend: () => input.end(),
    cancel: () => controller.abort(),
    async recv() {
      const next = first ?? output.next();
      first = undefined;
      try {
        const { done, value } = await next;
        return done ? undefined : value;
      } catch (error) {
        throw ConnectError.from(error);
      }
    },
  };
}
