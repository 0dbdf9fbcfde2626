// SPDX-License-Identifier: Apache-2.0
import type { ConnectError, HandlerContext } from "@connectrpc/connect";
import type { RecvOptions, SendOptions } from "../options.js";
import type { EndedBy } from "../outcome.js";
import type { QueueFills } from "../queues.js";
import type { Progress } from "../stream/progress.js";
import type { ServerSide } from "./side.js";

/** A side that forwards to another. What stands around a call overrides what it changes. */
export class ServerDelegate implements ServerSide {
  protected readonly side: ServerSide;

  constructor(side: ServerSide) {
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
