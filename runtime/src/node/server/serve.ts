// SPDX-License-Identifier: Apache-2.0
import { functionOption } from "../../options/declare.js";
import { checkOptionNames } from "../../options/option-names.js";
import { assertInteger } from "../../options/settings.js";
import { MAX_TIMER_MS } from "../../options/timeouts.js";
import { CallTracker, createShutdownError } from "../../server/call-tracker.js";
import { createListener } from "./listener.js";
import { OpenCalls } from "./open-calls.js";
import { createHandlers } from "./request-handlers.js";
import {
  DEFAULT_GRACE_MS,
  type ResolvedServeOptions,
  resolveServeOptions,
  type ServeOptions,
  serveOptions,
} from "./serve-options.js";

/** A server that listens. */
export interface RunningServer {
  /** The port that it listens on. */
  readonly port: number;
  /** `http://…` or `https://…`, for a transport's `baseUrl`. */
  readonly url: string;
  /**
   * Drains and closes: new calls are refused, open ones may finish. Calls still open after
   * `graceMs` (default: 10 seconds) end with `unavailable`. Resolves when all is closed; rejects
   * with a `RangeError` for an invalid `graceMs`.
   *
   * Further calls return the same promise. Their `graceMs` counts from that call on, and applies if
   * it ends sooner than the one before. So a second SIGTERM can mean now.
   */
  close(options?: CloseOptions): Promise<void>;
  /** How many calls are open, by the path of their RPC: `/monitor.v1.MonitorService/Watch`. */
  readonly openCalls: ReadonlyMap<string, number>;
}

/** Options of `close`. */
export interface CloseOptions {
  /** Time for open calls to finish, in milliseconds. Default: 10 seconds. */
  graceMs?: number;
  /** Called at once, with `openCalls`, if there are open calls to wait for. */
  onWait?: (openCalls: ReadonlyMap<string, number>) => void;
}

/** How long clients get to read the end of calls that were cut off, in milliseconds. */
const FLUSH_MS = 1000;

/**
 * Serves `routes` on one port, HTTP/1.1 and HTTP/2, clear text or TLS. Resolves once it listens.
 * Rejects with Node's error if it can't listen, and with a `RangeError` for an invalid option.
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  checkOptionNames("serve", options, serveOptions);
  const resolved = resolveServeOptions(options);
  const shutdown = new AbortController();
  const draining = new AbortController();
  const shutdownSignal = anySignal(shutdown.signal, options.shutdownSignal);
  const drainSignal = anySignal(draining.signal, options.drainSignal);
  const tracker = new CallTracker(drainSignal);
  const served = { ...options, shutdownSignal, drainSignal };
  const calls = new OpenCalls();
  const { http1, http2 } = createHandlers(served, calls, tracker);
  const server = createListener(resolved, http1, http2);
  const port = await server.listen();
  const close = async () => {
    await calls.none;
    shutdown.abort(createShutdownError());
    await server.close(FLUSH_MS);
  };
  let closed: Promise<void> | undefined;
  return {
    port,
    url: urlOf(resolved, port),
    get openCalls() {
      return tracker.openCalls();
    },
    close: ({ graceMs, onWait } = {}) => {
      try {
        const ms = checkGrace(graceMs);
        if (onWait !== undefined) functionOption.check("onWait", onWait);
        // Connections that drain are counted before it looks whether there is anything to wait for.
        calls.opened();
        // Calls that end at the word have to find the drain begun.
        if (!closed || graceMs !== undefined) calls.drain(ms);
      } catch (error) {
        return Promise.reject(error);
      }
      if (!closed) {
        draining.abort(createShutdownError());
        server.drain();
      }
      calls.closed();
      closed ??= close();
      const open = tracker.openCalls();
      if (open.size > 0) onWait?.(open);
      return closed;
    },
  };
}

function anySignal(own: AbortSignal, given: AbortSignal | undefined): AbortSignal {
  return given ? AbortSignal.any([own, given]) : own;
}

function checkGrace(graceMs: number = DEFAULT_GRACE_MS): number {
  return assertInteger("graceMs", graceMs, 0, MAX_TIMER_MS);
}

function urlOf({ host, tls, path }: ResolvedServeOptions, port: number): string {
  const scheme = tls ? "https" : "http";
  if (path !== undefined) return `${scheme}://localhost`;
  const anyAddress: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "[::1]" };
  const name = anyAddress[host] ?? (host.includes(":") ? `[${host}]` : host);
  return `${scheme}://${name}:${port}`;
}
