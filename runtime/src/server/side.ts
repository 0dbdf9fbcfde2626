// SPDX-License-Identifier: Apache-2.0
import type { HandlerContext } from "@connectrpc/connect";
import type { RecvOptions, SendOptions } from "../options.js";

/**
 * The server's end of one call, as handlers' streams need it, whatever carries it. Messages are of
 * the types of the call's method; the streams that handlers get say which.
 */
export interface ServerSide {
  readonly context: HandlerContext;
  recv(options?: RecvOptions): Promise<object | undefined>;
  send(message: object, options?: SendOptions): Promise<void>;
  sendHeaders(): void;
}

/** Runs a handler on a call. Settles when the handler has: the call ends then. */
export type RunHandler = (side: ServerSide) => Promise<void>;
