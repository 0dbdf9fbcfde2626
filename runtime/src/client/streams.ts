// SPDX-License-Identifier: Apache-2.0
import type { RecvOptions, SendOptions } from "../api/options.js";
import type { StreamOutcome } from "../api/outcome.js";
import { iterateMessages } from "../call/iterate.js";
import type { QueueFills } from "../options/queues.js";
import type { ClientCall } from "./client-call.js";
import { singleResponse } from "./unary.js";

/** Not in every browser yet. https://github.com/tc39/proposal-explicit-resource-management */
export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");

/** Behind `ClientStream`. */
class Base {
  protected readonly call: ClientCall;

  constructor(call: ClientCall) {
    this.call = call;
  }

  get header(): Promise<Headers> {
    return this.call.header;
  }

  get trailer(): Promise<Headers> {
    return this.call.trailer;
  }

  get outcome(): Promise<StreamOutcome> {
    return this.call.outcome;
  }

  close(): void {
    this.call.close();
  }
}

Object.defineProperty(Base.prototype, asyncDispose, {
  async value(this: Base) {
    this.close();
  },
});

/** Behind `ServerStreamingClient`. */
export class ServerStreaming extends Base {
  get queued(): Pick<QueueFills, "receive"> {
    return { receive: this.call.queued().receive };
  }

  recv(options?: RecvOptions): Promise<object | undefined> {
    return this.call.recv(options);
  }

  [Symbol.asyncIterator](): AsyncIterator<object> {
    return iterateMessages(this, () => this.close());
  }
}

/** Behind `ClientStreamingClient`. */
export class ClientStreaming extends Base {
  #response: Promise<object> | undefined;

  get queued(): Pick<QueueFills, "send"> {
    return { send: this.call.queued().send };
  }

  send(message: object, options?: SendOptions): Promise<void> {
    return this.call.send(message, options);
  }

  closeAndRecv(): Promise<object> {
    if (!this.#response) {
      void this.call.closeSend();
      this.#response = this.#receive();
    }
    return this.#response;
  }

  async #receive(): Promise<object> {
    try {
      return await singleResponse(this.call);
    } catch (error) {
      // Not before, or the error would not know who waits: that has to be the only one.
      this.#response?.catch(() => undefined);
      throw error;
    }
  }
}

/** Behind `BidiStreamingClient`. */
export class BidiStreaming extends ServerStreaming {
  override get queued(): QueueFills {
    return this.call.queued();
  }

  send(message: object, options?: SendOptions): Promise<void> {
    return this.call.send(message, options);
  }

  closeSend(): Promise<void> {
    return this.call.closeSend();
  }
}
