// SPDX-License-Identifier: Apache-2.0
import type { RecvOptions, SendOptions } from "../api/options.js";
import type { StreamOutcome } from "../api/outcome.js";
import { iterateMessages } from "../call/iterate.js";
import type { QueueFills } from "../options/queues.js";
import { singleResponseError } from "./check-single-response.js";
import type { ClientCall } from "./client-call.js";

/** Not in every browser yet. https://github.com/tc39/proposal-explicit-resource-management */
export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");

/** Behind `ClientStream`. */
class Base {
  protected readonly side: ClientCall;

  constructor(side: ClientCall) {
    this.side = side;
  }

  get header(): Promise<Headers> {
    return this.side.header;
  }

  get trailer(): Promise<Headers> {
    return this.side.trailer;
  }

  get outcome(): Promise<StreamOutcome> {
    return this.side.outcome;
  }

  close(): void {
    this.side.close();
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
    return { receive: this.side.queued().receive };
  }

  recv(options?: RecvOptions): Promise<object | undefined> {
    return this.side.recv(options);
  }

  [Symbol.asyncIterator](): AsyncIterator<object> {
    return iterateMessages(this, () => this.close());
  }
}

/** Behind `ClientStreamingClient`. */
export class ClientStreaming extends Base {
  #response: Promise<object> | undefined;

  get queued(): Pick<QueueFills, "send"> {
    return { send: this.side.queued().send };
  }

  send(message: object, options?: SendOptions): Promise<void> {
    return this.side.send(message, options);
  }

  closeAndRecv(): Promise<object> {
    if (!this.#response) {
      this.#response = this.#closeAndRecv();
      this.#response.catch(() => undefined);
    }
    return this.#response;
  }

  async #closeAndRecv(): Promise<object> {
    void this.side.closeSend();
    const response = await this.side.recv();
    // To the end, and not only to the message: the call may yet fail.
    const second = response && (await this.side.recv());
    if (response && !second) return response;
    const error = singleResponseError(response ? 2 : 0);
    this.side.fail(error);
    throw error;
  }
}

/** Behind `BidiStreamingClient`. */
export class BidiStreaming extends ServerStreaming {
  override get queued(): QueueFills {
    return this.side.queued();
  }

  send(message: object, options?: SendOptions): Promise<void> {
    return this.side.send(message, options);
  }

  closeSend(): Promise<void> {
    return this.side.closeSend();
  }
}
