// SPDX-License-Identifier: Apache-2.0
import type { ClientHttp2Stream, Http2Session } from "node:http2";
import { Http2SessionManager } from "@connectrpc/connect-node";
import { shareConnection } from "./fair-share.js";
import { watchSessionErrors } from "./session-errors.js";
import { STREAM_WINDOW_BYTES, widenConnectionWindow } from "./windows.js";

type ManagerParameters = ConstructorParameters<typeof Http2SessionManager>;

/** Connect-Node's session manager, for unary calls and streams alike, with windows of our size. */
export class StreamSessionManager extends Http2SessionManager {
  #widened: Http2Session | undefined;

  constructor(...[url, pingOptions, options]: ManagerParameters) {
    const settings = { initialWindowSize: STREAM_WINDOW_BYTES, ...options?.settings };
    super(url, pingOptions, { ...options, settings });
  }

  override async request(
    ...args: Parameters<Http2SessionManager["request"]>
  ): Promise<ClientHttp2Stream> {
    const stream = await super.request(...args);
    watchSessionErrors(stream);
    shareConnection(stream);
    const { session } = stream;
    if (session && session !== this.#widened) {
      this.#widened = session;
      widenConnectionWindow(session);
    }
    return stream;
  }
}
