// SPDX-License-Identifier: Apache-2.0
import type { HeaderList } from "./header-list.js";

/** A limit of this side: of the size of a header list. */
export type ExceededLimit = "maxHeaderListBytes";

/** Why a stream has ended before its time. */
export interface StreamFailure {
  /**
   * `reset`: by the peer. `violation`: the peer broke a rule, and the stream was reset.
   * `goaway`: the peer goes away and has not processed it. `connection`: the connection was lost.
   */
  readonly kind: "reset" | "violation" | "goaway" | "connection";
  /** HTTP/2's error code: the peer's (also that of its GOAWAY), or the one that it was sent. */
  readonly code: number;
  /**
   * Whether the peer may have acted on the request. False for what was never sent, was refused, or
   * lies beyond the last stream of a GOAWAY: it is safe to make the call again.
   */
  readonly processed: boolean;
  /** The limit of ours that the peer exceeded, if the violation is that. */
  readonly exceeded?: ExceededLimit | undefined;
  readonly message: string;
}

/**
 * What a stream tells. Nothing follows `onEnd` or `onFail`, but `onFail` may follow `onEnd`. Methods
 * must not throw. They may call any method of the stream and of its connection.
 */
export interface StreamEvents {
  /** The final response, on a client. */
  onHeaders(headers: HeaderList): void;
  /** An interim response (1xx), on a client. */
  onInterim(headers: HeaderList): void;
  /** Content, in `bytes` from `start` to `end`: a part of what has just been received. */
  onData(bytes: Uint8Array, start: number, end: number): void;
  /**
   * The peer has ended its side. It is told when all that has been received at once has been looked
   * at: on a server, a reset that came with it is all that is told.
   */
  onEnd(trailers: HeaderList | undefined): void;
  onFail(failure: StreamFailure): void;
  /**
   * Our side has ended, and all of it is with the transport. It is told behind the write, unless
   * `onFail` came first.
   */
  onSent(): void;
  /** There is room again, after a `write` that returned false. Not after `end`. */
  onDrain(): void;
}

/** Events of a stream that nobody listens to. */
export const noEvents: StreamEvents = {
  onHeaders() {},
  onInterim() {},
  onData() {},
  onEnd() {},
  onFail() {},
  onSent() {},
  onDrain() {},
};
