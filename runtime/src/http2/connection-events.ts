// SPDX-License-Identifier: Apache-2.0
import type { Violation } from "./errors.js";
import type { HeaderList } from "./header-list.js";
import type { Http2Stream } from "./stream.js";

/** A GOAWAY of the peer. */
export interface Goaway {
  /** The last stream that it has processed, or may process. */
  readonly lastStreamId: number;
  readonly code: number;
  /** What it says about it, such as `too_many_pings`. */
  readonly debug: string;
}

/** What a connection tells. Methods must not throw. */
export interface ConnectionEvents {
  /** The peer broke a rule, or exceeded a limit. */
  onViolation(violation: Violation): void;
  /** The peer goes away. Streams that it has not processed fail right after this. */
  onGoaway(goaway: Goaway): void;
  /** The peer's settings have come, or changed. */
  onSettings(): void;
  /** A stream has closed: there may be a slot, or none may be left. */
  onStreamClosed(): void;
  /** Nothing is sent or received any more. The transport is being closed, if it was not. */
  onClose(): void;
}

/** What a server's connection tells. */
export interface ServerConnectionEvents extends ConnectionEvents {
  /**
   * A request. Set `stream.events` before returning. `endStream`: nothing follows; `onEnd` is called
   * all the same.
   */
  onRequest(stream: Http2Stream, headers: HeaderList, endStream: boolean): void;
  /** The client is told which request is the last, as the second step of a graceful GOAWAY. */
  onLastStream?(): void;
}
