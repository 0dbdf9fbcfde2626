// SPDX-License-Identifier: Apache-2.0
import { gate } from "../../support/gate.js";
import type { TestRequest, TestResponse } from "../gen/interop/v1/interop_pb.js";
import type { Ending, PeerCall } from "../peer.js";

/** A call of a library whose calls take and give async iterables. */
export interface IterableCall {
  readonly responses: AsyncIterable<TestResponse>;
  /** How it ended, once the responses have been read, with what they threw. */
  ending(thrown: unknown): Ending | Promise<Ending>;
}

/** Makes a call of it. */
export function iterableCall(
  start: (requests: AsyncIterable<TestRequest>, signal: AbortSignal) => IterableCall,
): PeerCall {
  const controller = new AbortController();
  const queue = new RequestQueue();
  const call = start(queue, controller.signal);
  const iterator = call.responses[Symbol.asyncIterator]();
  // Asking for the first response is what starts most libraries' calls.
  let first: Promise<IteratorResult<TestResponse>> | undefined = iterator.next();
  const ending = gate<Ending | Promise<Ending>>();
  const settle = (thrown: unknown) => {
    queue.end();
    ending.resolve(call.ending(thrown));
  };
  const next = async (): Promise<TestResponse | undefined> => {
    const result = first ?? iterator.next();
    first = undefined;
    try {
      const { done, value } = await result;
      if (!done) return value;
      settle(undefined);
    } catch (thrown) {
      settle(thrown);
    }
    return undefined;
  };
  first.catch(() => queue.end());
  return {
    send: async (messages) => queue.push(...messages),
    closeSend: async () => queue.end(),
    async recv(max) {
      const messages: TestResponse[] = [];
      while (messages.length < max) {
        const message = await next();
        if (!message) break;
        messages.push(message);
      }
      return messages;
    },
    cancel: async () => controller.abort(),
    async end() {
      while (await next());
      return ending.promise;
    },
  };
}

/** The one request of a unary or server-streaming call. */
export async function firstOf(requests: AsyncIterable<TestRequest>): Promise<TestRequest> {
  for await (const request of requests) return request;
  throw new Error("the call needs a request");
}

class RequestQueue implements AsyncIterable<TestRequest> {
  readonly #items: TestRequest[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  push(...items: readonly TestRequest[]): void {
    if (!this.#ended) this.#items.push(...items);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<TestRequest> {
    for (;;) {
      const item = this.#items.shift();
      if (item) yield item;
      else if (this.#ended) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
