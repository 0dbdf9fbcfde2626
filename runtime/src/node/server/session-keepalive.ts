// SPDX-License-Identifier: Apache-2.0
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { ResolvedServeOptions } from "./serve-options.js";

/** Closes an HTTP/2 connection that nobody uses, or whose peer does not answer. */
export function keepSessionAlive(
  session: ServerHttp2Session,
  { idleTimeoutMs, keepAlive }: Pick<ResolvedServeOptions, "idleTimeoutMs" | "keepAlive">,
): void {
  let open = 0;
  let idleTimer: NodeJS.Timeout | undefined;
  let pingTimer: NodeJS.Timeout | undefined;
  const rest = () => {
    clearInterval(pingTimer);
    if (idleTimeoutMs > 0) idleTimer = setTimeout(() => session.close(), idleTimeoutMs).unref();
  };
  const work = () => {
    clearTimeout(idleTimer);
    if (!keepAlive) return;
    pingTimer = setInterval(() => ping(session, keepAlive.timeoutMs), keepAlive.intervalMs).unref();
  };
  session.on("stream", (stream: ServerHttp2Stream) => {
    if (++open === 1) work();
    stream.once("close", () => {
      if (--open === 0 && !session.destroyed) rest();
    });
  });
  session.once("close", () => {
    clearTimeout(idleTimer);
    clearInterval(pingTimer);
  });
  rest();
}

function ping(session: ServerHttp2Session, timeoutMs: number): void {
  if (session.destroyed) return;
  const timer = setTimeout(() => session.destroy(), timeoutMs).unref();
  // Refused when too many are on their way: then this one is not needed.
  if (!session.ping(() => clearTimeout(timer))) clearTimeout(timer);
}
