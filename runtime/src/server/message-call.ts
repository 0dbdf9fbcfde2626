// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";
import { rejected } from "../call/deferred.js";
import { accepted } from "../call/send-queue.js";
import type { QueueFills } from "../options/queues.js";
import type { AbortableContext } from "./context.js";
import type { CallLayers } from "./pipeline.js";
import type { ServerCall } from "./server-call.js";

const empty = { messages: 0, bytes: 0, dropped: 0 };
const endOfStream = Promise.resolve(undefined);

/**
 * A unary call within another, which has the deadline and the client: its request is at hand, and its
 * response goes to whoever runs it.
 */
export class MessageCall implements ServerCall {
  readonly context: AbortableContext;
  readonly #outer: Pick<ServerCall, "sendHeaders" | "abort">;
  readonly #layers: CallLayers;
  #request: object | undefined;
  #response: object | undefined;
  #error: ConnectError | undefined;

  constructor(
    outer: Pick<ServerCall, "sendHeaders" | "abort">,
    layers: CallLayers,
    context: AbortableContext,
    request: object,
  ) {
    this.#outer = outer;
    this.#layers = layers;
    this.#request = request;
    this.context = context;
  }

  /** Runs the handler on it; gives the response. */
  async run(): Promise<object | undefined> {
    const { run, receiveFilter } = this.#layers;
    if (this.#request) receiveFilter?.(this)?.(this.#request);
    if (this.#error) throw this.#error;
    await run(this);
    return this.#response;
  }

  recv(): Promise<object | undefined> {
    const request = this.#request;
    this.#request = undefined;
    return request ? Promise.resolve(request) : endOfStream;
  }

  send(message: object): Promise<void> {
    try {
      this.#response = this.#layers.sendFilter?.(this)?.(message) ?? message;
      return accepted;
    } catch (error) {
      return rejected(error instanceof Error ? error : new Error(String(error)));
    }
  }

  sendHeaders(): void {
    this.#outer.sendHeaders();
  }

  /** Whoever runs the handler waits for it, and tells. */
  overran(): void {}

  queued(): QueueFills {
    return { send: empty, receive: empty };
  }

  abort(error: ConnectError): void {
    this.#outer.abort(error);
  }

  refuse(error: ConnectError): void {
    this.#error = error;
  }
}
