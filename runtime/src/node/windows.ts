// SPDX-License-Identifier: Apache-2.0
import type { Http2Session } from "node:http2";

/**
 * HTTP/2 flow control: bytes that a peer may send on one stream before somebody has taken them.
 * Twice HTTP/2's default, so that messages of 64 KiB need not wait for a window update each. With
 * what the stream buffers it stays within 256 KiB a stream.
 */
export const STREAM_WINDOW_BYTES: number = 128 * 1024;

/**
 * The same for all streams of a connection together. Node.js gives this back as soon as data has
 * arrived, whether or not it is taken, so that it bounds what is on its way and not what is held.
 */
const CONNECTION_WINDOW_BYTES = 1024 * 1024;

/** Widens the connection's window from HTTP/2's default of 64 KiB, which no setting changes. */
export function widenConnectionWindow(session: Http2Session): void {
  session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
}
