// SPDX-License-Identifier: Apache-2.0
import type { ServerHttp2Session } from "node:http2";

/**
 * Destroys a connection after what has been read together, and not in the middle of it. A GOAWAY with an
 * error has Node.js destroy the connection at once; a request with a body behind it in the same packet
 * then ends the process of Node.js 22 with a failed assertion (`onread->IsFunction()`).
 * https://github.com/nodejs/node/blob/v22.x/lib/internal/http2/core.js (onGoawayData, onSessionHeaders)
 */
export function deferDestroy(session: ServerHttp2Session): void {
  const destroy = session.destroy.bind(session);
  session.destroy = (...args) => process.nextTick(() => destroy(...args));
}
