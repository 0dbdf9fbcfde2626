// SPDX-License-Identifier: Apache-2.0
import type { AddressInfo } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { Deferred } from "../../call/deferred.js";
import { checkOptionNames } from "../../options/option-names.js";
import { assertInteger } from "../../options/settings.js";
import { MAX_TIMER_MS } from "../../options/timeouts.js";
import type { NodeListener } from "../node-types.js";
import { sendStatus } from "./http-status.js";
import { createListener } from "./listener.js";
import { adapterOptionsOf, serveOptionNames } from "./option-names.js";
import {
  DEFAULT_GRACE_MS,
  type ResolvedServeOptions,
  resolveServeOptions,
  type ServeOptions,
} from "./serve-options.js";
import { streamNodeAdapter } from "./stream-node-adapter.js";

/** A server that listens. */
export interface RunningServer {
  readonly port: number;
  /** `http://…` or `https://…`, for a transport's `baseUrl`. */
  readonly url: string;
  /**
   * Drains and closes: new calls are refused, open ones may finish. Those that have not after
   * `graceMs` (default: 10 seconds) end with `unavailable`. Resolves when all is closed, rejects with
   * a `RangeError` for an invalid `graceMs`.
   *
   * May be called again, and gives the same promise. A `graceMs` given then counts from then, and for
   * all if it is over sooner than the one before: so a second SIGTERM can mean now.
   */
  close(options?: { graceMs?: number }): Promise<void>;
}

/** How long clients get to read the end of calls that were cut off, in milliseconds. */
const FLUSH_MS = 1000;

/**
 * Serves `routes` on one port, HTTP/1.1 and HTTP/2, clear text or TLS. Resolves once it listens.
 * Rejects with an error that has Node's `code` if it cannot, and with a `RangeError` for an invalid
 * option or one that it does not have.
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  checkOptionNames("serve", options, serveOptionNames);
  const resolved = resolveServeOptions(options);
  const shutdown = new AbortController();
  const signals = [shutdown.signal, ...(options.shutdownSignal ? [options.shutdownSignal] : [])];
  const shutdownSignal = AbortSignal.any(signals);
  const listener = streamNodeAdapter({ ...adapterOptionsOf(options), shutdownSignal });
  const calls = new OpenCalls();
  const server = createListener(resolved, calls.counting(listener));
  const { port } = await server.listen();
  const close = async () => {
    await calls.none;
    shutdown.abort(new ConnectError("the server is shutting down", Code.Unavailable));
    await server.close(FLUSH_MS);
  };
  let closed: Promise<void> | undefined;
  return {
    port,
    url: urlOf(resolved, port),
    close: ({ graceMs } = {}) => {
      try {
        if (!closed || graceMs !== undefined) calls.drain(checkGrace(graceMs));
      } catch (error) {
        return Promise.reject(error);
      }
      if (!closed) server.drain();
      closed ??= close();
      return closed;
    },
  };
}

function checkGrace(graceMs: number = DEFAULT_GRACE_MS): number {
  return assertInteger("graceMs", graceMs, 0, MAX_TIMER_MS);
}

/** Counts requests that have no answer yet, and refuses new ones while draining. */
class OpenCalls {
  readonly #none = new Deferred<void>();
  #open = 0;
  #draining = false;
  #end = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** Resolves when no request is open while draining, or when the time for that is up. */
  get none(): Promise<void> {
    return this.#none.promise;
  }

  counting(listener: NodeListener): NodeListener {
    return (request, response) => {
      if (this.#draining) return sendStatus(response, 503);
      this.#open++;
      response.once("close", () => {
        if (--this.#open === 0 && this.#draining) this.#finish();
      });
      listener(request, response);
    };
  }

  /** Refuses new requests. Open ones have so many milliseconds, or what is left of fewer. */
  drain(ms: number): void {
    this.#draining = true;
    if (this.#open === 0) return this.#finish();
    const end = performance.now() + ms;
    if (end >= this.#end) return;
    this.#end = end;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#finish(), ms);
  }

  #finish(): void {
    clearTimeout(this.#timer);
    this.#none.resolve();
  }
}

function urlOf({ host, tls }: ResolvedServeOptions, port: AddressInfo["port"]): string {
  const anyAddress: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "[::1]" };
  const name = anyAddress[host] ?? (host.includes(":") ? `[${host}]` : host);
  return `${tls ? "https" : "http"}://${name}:${port}`;
}
