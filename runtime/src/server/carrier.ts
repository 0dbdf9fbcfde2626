// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";
import type { Traffic } from "../api/outcome.js";
import type { MessageSource } from "../call/receiver.js";
import type { MessageSink } from "../call/sender.js";
import type { QueueFill, QueueFills } from "../options/queues.js";

/** What carries a call: bytes on a wire, or the async iterables of a Connect adapter. */
export interface Carrier {
  readonly source: MessageSource<object>;
  readonly sink: MessageSink<object, unknown>;
  /** What was handed over to be sent. */
  readonly sent: Omit<Traffic, "dropped">;
  readonly received: Traffic;
  /** Messages that were received, and not read. */
  readonly unread: QueueFill;
  /** Messages that were received, and read or dropped. */
  readonly taken: number;
  /** What was handed over and has not left: a number that changes as it leaves; 0 for nothing. */
  readonly unsent: number;
  /**
   * Sends the response headers, where they do not wait for the first message or the end. Returns the
   * error of headers that could not be sent as they are; those of the protocol have gone then.
   */
  sendHeaders(): ConnectError | undefined;
  /** Receives no more: what still arrives is let through. */
  stopReceiving(): void;
  /**
   * Calls `answer` when the client listens: at once, or after a request whose length is known has
   * arrived. Some clients send all they have first.
   */
  whenAnswerable(answer: () => void): void;
  /**
   * Ends the response behind what was sent, and calls `Call.finished` when its last byte has left.
   * `abrupt`: the client may have stopped reading; break off if it has not taken the rest soon.
   * Returns what the client is told: another error, if this one could not be written down.
   */
  end(error: ConnectError | undefined, abrupt: boolean): ConnectError | undefined;
  /** Breaks off a response that has ended, and has not left. */
  reset(error: ConnectError): void;
  /** What waits, with what waits in a call around this one. */
  queued?(own: QueueFills): QueueFills;
  /** Nobody works on the call any more: its handler has returned, or never ran. */
  release?(): void;
  /** The call needs nothing any more: frees what it holds. */
  close(): void;
}
