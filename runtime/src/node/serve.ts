// SPDX-License-Identifier: Apache-2.0
import type { AddressInfo } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { within } from "../within.js";
import { createDualServer } from "./dual-server.js";
import type { NodeListener } from "./node-types.js";
import { refuse } from "./refuse.js";
import {
  DEFAULT_GRACE_MS,
  type ResolvedServeOptions,
  resolveServeOptions,
  type ServeOptions,
} from "./serve-options.js";
import { streamNodeAdapter } from "./stream-node-adapter.js";

/** A server that listens. */
export interface StreamServer {
  readonly port: number;
  /** `http://…` or `https://…`, for a transport's `baseUrl`. */
  readonly url: string;
  /**
   * Drains and closes: new calls are refused, open ones may finish. Those that have not after
   * `graceMs` (default: 10 seconds) end with `unavailable`. Resolves when all is closed; may be
   * called again.
   */
  close(options?: { graceMs?: number }): Promise<void>;
}

/** How long clients get to read the end of calls that were cut off, in milliseconds. */
const FLUSH_MS = 1000;

/**
 * Serves `routes` on one port, HTTP/1.1 and HTTP/2, clear text or TLS. Resolves once it listens.
 * Rejects with Node's error if it cannot, throws a `RangeError` for a bad option.
 */
export async function serve(options: ServeOptions): Promise<StreamServer> {
  const resolved = resolveServeOptions(options);
  const shutdown = new AbortController();
  const signals = [shutdown.signal, ...(options.shutdownSignal ? [options.shutdownSignal] : [])];
  const listener = streamNodeAdapter({ ...options, shutdownSignal: AbortSignal.any(signals) });
  const calls = new OpenCalls();
  const server = createDualServer(resolved, calls.counting(listener));
  const { port } = await server.listen();
  let closed: Promise<void> | undefined;
  const close = async (graceMs: number) => {
    calls.draining = true;
    server.drain();
    await calls.none(graceMs);
    shutdown.abort(new ConnectError("the server is shutting down", Code.Unavailable));
    await server.close(FLUSH_MS);
  };
  return {
    port,
    url: urlOf(resolved, port),
    close: ({ graceMs = DEFAULT_GRACE_MS } = {}) => {
      within("graceMs", graceMs, 0, 2 ** 31 - 1);
      closed ??= close(graceMs);
      return closed;
    },
  };
}

/** Counts requests that have no answer yet, and refuses new ones while draining. */
class OpenCalls {
  open = 0;
  draining = false;
  #onNone: (() => void) | undefined;

  counting(listener: NodeListener): NodeListener {
    return (request, response) => {
      if (this.draining) return refuse(response, 503);
      this.open++;
      response.once("close", () => {
        if (--this.open === 0) this.#onNone?.();
      });
      listener(request, response);
    };
  }

  /** Resolves when no request is open, at the latest after `ms` milliseconds. */
  none(ms: number): Promise<void> {
    if (this.open === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#onNone = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function urlOf({ host, tls }: ResolvedServeOptions, port: AddressInfo["port"]): string {
  const anyAddress: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "[::1]" };
  const name = anyAddress[host] ?? (host.includes(":") ? `[${host}]` : host);
  return `${tls ? "https" : "http"}://${name}:${port}`;
}
