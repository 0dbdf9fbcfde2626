// SPDX-License-Identifier: Apache-2.0
import { type ClientHttp2Stream, constants, type Http2Session } from "node:http2";

const watched = new WeakSet<Http2Session>();

/**
 * Keeps a connection that fails from taking the process down: its streams have the error, and the
 * manager makes a new one. Connect-Node's manager lets go of a connection before Node emits the
 * error of one that did not answer a ping in time.
 * https://github.com/connectrpc/connect-es/blob/main/packages/connect-node/src/http2-session-manager.ts
 *
 * And tells its streams of a reset that follows a GOAWAY. Node takes it for a clean end, and ends
 * responses that are not whole as if they were.
 * https://github.com/nodejs/node/blob/v24.x/lib/internal/http2/core.js (socketOnError)
 *
 * And refuses what the server pushes, which managers other than ours may allow: nobody would hear the
 * error of such a stream.
 */
export function watchSessionErrors({ session }: ClientHttp2Stream): void {
  if (!session || watched.has(session)) return;
  watched.add(session);
  session.on("error", () => undefined);
  session.on("stream", refusePush);
  // Before Node's own listener.
  session.socket?.prependListener("error", (error) => session.destroy(error));
}

function refusePush(pushed: ClientHttp2Stream): void {
  pushed.on("error", () => undefined);
  pushed.close(constants.NGHTTP2_REFUSED_STREAM);
}
