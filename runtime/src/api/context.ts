// SPDX-License-Identifier: Apache-2.0
import type { HandlerContext } from "@connectrpc/connect";

/** What a handler knows of its call: Connect's `HandlerContext`, and whether the server drains. */
export interface StreamContext extends HandlerContext {
  /**
   * Aborts when the server begins to shut down and still lets open calls finish: time to say goodbye.
   * Its reason is a `ConnectError` with `unavailable`, on which clients call again elsewhere. `signal`
   * aborts later, when the time for that is up. On Connect's own adapters it never aborts.
   */
  readonly drainSignal: AbortSignal;
}
