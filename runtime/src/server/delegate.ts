// SPDX-License-Identifier: Apache-2.0
import type { ConnectError, HandlerContext } from "@connectrpc/connect";
import type { RecvOptions, SendOptions } from "../api/options.js";
import type { EndedBy } from "../api/outcome.js";
import type { Progress } from "../call/progress.js";
import type { QueueFills } from "../options/queues.js";
import type { ServerCall } from "./server-call.js";

/** A side that forwards to another. What stands around a call overrides what it changes. */
export class ServerDelegate implements ServerCall {
  protected readonly side: ServerCall;

  constructor(side: ServerCall) {
    this.side = side;
  }

  get context(): HandlerContext {
    return this.side.context;
  }

  recv(options?: RecvOptions): Promise<object | undefined> {
    return this.side.recv(options);
  }

  send(message: object, options?: SendOptions): Promise<void> {
    return this.side.send(message, options);
  }

  sendHeaders(): void {
    this.side.sendHeaders();
  }

  writable(): boolean {
    return this.side.writable();
  }

  progress(): Progress {
    return this.side.progress();
  }

  queued(): QueueFills {
    return this.side.queued();
  }

  abort(error: ConnectError, by?: EndedBy): void {
    this.side.abort(error, by);
  }

  refuse(error: ConnectError): void {
    this.side.refuse(error);
  }
}
