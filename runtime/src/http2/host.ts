// SPDX-License-Identifier: Apache-2.0
import type { Slab } from "./frames/slab.js";

/**
 * What HTTP/2 needs of where it runs: a clock, a scheduler, and where to put bytes. It tells the
 * connection in turn what arrives (`receive`), when there is room again (`drained`), and when the
 * transport has closed (`transportClosed`).
 */
export interface Http2Host {
  /** Memory for frames, shared by all connections of a process. */
  readonly slab: Slab;
  /** Milliseconds, on a clock that never goes back. */
  now(): number;
  /** Runs `task` soon, when what is running now has come to rest; before more is received. */
  defer(task: () => void): void;
  /** Runs `task` in `ms` milliseconds. Must not keep a process alive. */
  setTimer(task: () => void, ms: number): unknown;
  clearTimer(timer: unknown): void;
  /**
   * Sends bytes, in order, in one go. The bytes stay as they are. False: the transport is full, and
   * `drained` will be called when it takes more.
   */
  write(pieces: readonly Uint8Array[]): boolean;
  /** Closes the transport when all that was written has left. Nothing is written after it. */
  end(): void;
}
