// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";
import type { StreamContext } from "../api/context.js";
import type { RecvOptions, SendOptions } from "../api/options.js";
import { rejected } from "../call/deferred.js";
import { iterateMessages } from "../call/iterate.js";
import type { QueueFills } from "../options/queues.js";
import type { ServerCall } from "./server-call.js";

/** Behind `ServerStream`. */
class Base {
  protected readonly side: ServerCall;

  constructor(side: ServerCall) {
    this.side = side;
  }

  get context(): StreamContext {
    return this.side.context;
  }

  sendHeaders(): void {
    this.side.sendHeaders();
  }
}

/** Behind `ServerStreamingServer`. */
export class ServerStreaming extends Base {
  get queued(): Pick<QueueFills, "send"> {
    return { send: this.side.queued().send };
  }

  send(message: object, options?: SendOptions): Promise<void> {
    return this.side.send(message, options);
  }
}

/** Behind `ClientStreamingServer`. */
export class ClientStreaming extends Base {
  answered = false;
  readonly #twice: () => ConnectError;

  /** `twice`: the error of a second answer. */
  constructor(side: ServerCall, twice: () => ConnectError) {
    super(side);
    this.#twice = twice;
  }

  get queued(): Pick<QueueFills, "receive"> {
    return { receive: this.side.queued().receive };
  }

  recv(options?: RecvOptions): Promise<object | undefined> {
    return this.side.recv(options);
  }

  sendAndClose(message: object): Promise<void> {
    if (this.answered) return rejected(this.#twice());
    this.answered = true;
    const sent = this.side.send(message);
    // What could not be sent is no answer.
    sent.catch(() => {
      this.answered = false;
    });
    return sent;
  }

  [Symbol.asyncIterator](): AsyncIterator<object> {
    return iterateMessages(this);
  }
}

/** Behind `BidiStreamingServer`. */
export class BidiStreaming extends ServerStreaming {
  override get queued(): QueueFills {
    return this.side.queued();
  }

  recv(options?: RecvOptions): Promise<object | undefined> {
    return this.side.recv(options);
  }

  [Symbol.asyncIterator](): AsyncIterator<object> {
    return iterateMessages(this);
  }
}
