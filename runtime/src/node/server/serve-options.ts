// SPDX-License-Identifier: Apache-2.0
import type { SecureServerOptions, ServerOptions } from "node:http2";
import {
  assertInteger,
  assertKnownKeys,
  definedOnly,
  invalidOption,
  isObject,
} from "../../options/settings.js";
import { MAX_TIMER_MS } from "../../options/timeouts.js";
import { checkTlsContents } from "../tls-files.js";
import { STREAM_WINDOW_BYTES } from "../windows.js";
import { DEFAULT_MAX_CALLS } from "./http1-pipeline.js";
import type { StreamNodeAdapterOptions } from "./stream-node-adapter.js";

/** Options of `serve`: the routes, where to listen, and limits, each with a safe default. */
export interface ServeOptions extends StreamNodeAdapterOptions {
  /** Address to listen on. Default: "127.0.0.1", so that nothing is exposed by accident. */
  host?: string;

  /** Port to listen on. Default: 0, any free port. */
  port?: number;

  /**
   * Serve TLS, with these options of Node's `tls.createServer` (`key`, `cert`, `ca`,
   * `requestCert`, …). Clients choose HTTP/1.1 or HTTP/2 by ALPN. Default: clear text, where the
   * first bytes of a connection tell.
   */
  tls?: SecureServerOptions;

  /**
   * Calls that one connection may have open. Default: 250, as in Go: enough for one client, too
   * little for one to exhaust the server. Over HTTP/2 more wait on the client. Over HTTP/1.1 a
   * connection serves one request at a time, and is closed if more than this are on it.
   */
  maxConcurrentStreams?: number;

  /**
   * The largest request head, in bytes. Default: 16 KiB, that of Node and of most proxies; large
   * metadata is better sent as a message. Over HTTP/2 a client learns it with its first answer from
   * the server: what it sends on a connection before that may be larger.
   */
  maxHeaderBytes?: number;

  /**
   * Closes a connection that has had no open call for this many milliseconds. Default: 5 minutes:
   * longer than clients pause, short enough that abandoned ones do not pile up. 0: never. Over
   * HTTP/1.1 from its first answer on; one that never asks anything has Node's minute for it.
   */
  idleTimeoutMs?: number;

  /**
   * Pings HTTP/2 connections that have open calls. A peer that vanished without a word is noticed
   * after `intervalMs` and `timeoutMs`, and its calls end with `canceled`. Default: every minute,
   * 20 seconds to answer, so that an idle stream does not outlive its client by long. `false`: off.
   */
  keepAlive?: { intervalMs?: number; timeoutMs?: number } | false;

  /**
   * How many streams a client may reset at a burst, and then a second, before its connection is
   * closed: a defence against rapid resets (CVE-2023-44487). Default: 1000 and 100: cancelling is
   * an ordinary way to end a stream. Node 20 has fixed limits instead.
   */
  resetLimit?: { burst?: number; perSecond?: number };

  /** More options for Node's `http2.createServer`. */
  http2?: ServerOptions;
}

/** `ServeOptions` with all defaults. */
export interface ResolvedServeOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: SecureServerOptions | undefined;
  readonly idleTimeoutMs: number;
  readonly keepAlive: { readonly intervalMs: number; readonly timeoutMs: number } | undefined;
  readonly maxHeaderBytes: number;
  /** Calls that one connection may have open. */
  readonly maxCalls: number;
  readonly http2: ServerOptions;
}

/** Default time for open calls to finish in `close`, in milliseconds. */
export const DEFAULT_GRACE_MS = 10_000;

/** Fills in the defaults. Throws a `RangeError` for an invalid value. */
export function resolveServeOptions(options: ServeOptions): ResolvedServeOptions {
  const { host = "127.0.0.1", keepAlive, resetLimit = {}, http2 = {}, tls } = options;
  if (typeof host !== "string" || host === "") {
    throw invalidOption("host", "a host name or an IP address", host);
  }
  assertKnownKeys("resetLimit", resetLimit, ["burst", "perSecond"]);
  if (!isObject(http2)) throw invalidOption("http2", "an object with options of Node's", http2);
  const maxHeaderBytes = assertInteger(
    "maxHeaderBytes",
    options.maxHeaderBytes ?? 16 * 1024,
    1,
    2 ** 30,
  );
  const maxCalls = assertInteger(
    "maxConcurrentStreams",
    options.maxConcurrentStreams ?? DEFAULT_MAX_CALLS,
    1,
    2 ** 31 - 1,
  );
  const reset = {
    streamResetBurst: assertInteger("resetLimit.burst", resetLimit.burst ?? 1000, 0, MAX_TIMER_MS),
    streamResetRate: assertInteger(
      "resetLimit.perSecond",
      resetLimit.perSecond ?? 100,
      0,
      MAX_TIMER_MS,
    ),
  };
  return {
    host,
    port: assertInteger("port", options.port ?? 0, 0, 65_535),
    tls: checkTls(tls && definedOnly(tls)),
    idleTimeoutMs: assertInteger(
      "idleTimeoutMs",
      options.idleTimeoutMs ?? 300_000,
      0,
      MAX_TIMER_MS,
    ),
    keepAlive: keepAlive === false ? undefined : resolveKeepAlive(keepAlive ?? {}),
    maxHeaderBytes,
    maxCalls,
    http2: {
      // In MB. What all streams of a connection may have on their way is more than Node's default of 10,
      // beyond which it refuses streams.
      maxSessionMemory: 64,
      ...reset,
      ...definedOnly(http2),
      settings: {
        initialWindowSize: STREAM_WINDOW_BYTES,
        maxConcurrentStreams: maxCalls,
        maxHeaderListSize: maxHeaderBytes,
        ...definedOnly(http2.settings ?? {}),
      },
    },
  };
}

function resolveKeepAlive(keepAlive: { intervalMs?: number; timeoutMs?: number }) {
  assertKnownKeys("keepAlive", keepAlive, ["intervalMs", "timeoutMs"], "false");
  const { intervalMs, timeoutMs } = keepAlive;
  return {
    intervalMs: assertInteger("keepAlive.intervalMs", intervalMs ?? 60_000, 1, MAX_TIMER_MS),
    timeoutMs: assertInteger("keepAlive.timeoutMs", timeoutMs ?? 20_000, 1, MAX_TIMER_MS),
  };
}

/** Node listens without a certificate, too, and then fails every handshake. */
function checkTls(tls: SecureServerOptions | undefined): SecureServerOptions | undefined {
  if (tls === undefined) return undefined;
  const allowed = "an object with key and cert, pfx, SNICallback or pskCallback";
  if (!isObject(tls)) throw invalidOption("tls", allowed, tls);
  checkTlsContents("tls", tls);
  const { key, privateKeyIdentifier, cert, pfx, SNICallback, pskCallback } = tls;
  const certified = cert && (key || privateKeyIdentifier);
  if (certified || pfx || SNICallback || pskCallback) return tls;
  const given = Object.keys(tls).join(", ") || "nothing";
  throw new RangeError(`tls must be ${allowed}, not one with ${given}`);
}
