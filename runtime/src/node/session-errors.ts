// SPDX-License-Identifier: Apache-2.0
import type { ClientHttp2Stream, Http2Session } from "node:http2";

const tolerated = new WeakSet<Http2Session>();

/**
 * Keeps a connection that fails from taking the process down: its streams have the error, and the
 * manager makes a new one. Connect-Node's manager lets go of a connection before Node emits the
 * error of one that did not answer a ping in time.
 * https://github.com/connectrpc/connect-es/blob/main/packages/connect-node/src/http2-session-manager.ts
 */
export function tolerateSessionErrors({ session }: ClientHttp2Stream): void {
  if (!session || tolerated.has(session)) return;
  tolerated.add(session);
  session.on("error", () => undefined);
}
