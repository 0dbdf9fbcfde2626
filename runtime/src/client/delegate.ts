// SPDX-License-Identifier: Apache-2.0
import type { RecvOptions, SendOptions } from "../api/options.js";
import type { EndedBy, StreamOutcome } from "../api/outcome.js";
import type { Progress } from "../call/progress.js";
import type { QueueFills } from "../options/queues.js";
import type { ClientCall } from "./client-call.js";

/** A side that forwards to another. What stands around a call overrides what it changes. */
export class ClientDelegate implements ClientCall {
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

  get ended(): boolean {
    return this.side.ended;
  }

  recv(options?: RecvOptions): Promise<object | undefined> {
    return this.side.recv(options);
  }

  send(message: object, options?: SendOptions): Promise<void> {
    return this.side.send(message, options);
  }

  closeSend(): Promise<void> {
    return this.side.closeSend();
  }

  close(): void {
    this.side.close();
  }

  fail(error: Error, by?: EndedBy): void {
    this.side.fail(error, by);
  }

  progress(): Progress {
    return this.side.progress();
  }

  queued(): QueueFills {
    return this.side.queued();
  }
}
