// SPDX-License-Identifier: Apache-2.0
import type { TlsOptions } from "node:tls";
import type { Http2Options } from "../../http2/index.js";
import {
  checkOptions,
  functionOption,
  type Settings,
  valueThat,
  wholeFrom,
} from "../../options/declare.js";
import { definedOnly, invalidOption, isObject } from "../../options/settings.js";
import { MAX_TIMER_MS } from "../../options/timeouts.js";
import { type Http2Tuning, http2Tuning } from "../http2/http2-options.js";
import { checkTlsContents } from "../tls-files.js";
import { type AdapterOption, adapterOptions } from "./adapter-options.js";
import { DEFAULT_MAX_CALLS } from "./http1-pipeline.js";
import type { ConnectionProblem, Http2SessionOptions } from "./http2-session.js";
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
  tls?: TlsOptions;

  /**
   * How many calls one connection may have open. Default: 250, as in Go: enough for one client, too
   * few to exhaust the server. Over HTTP/2, the client holds further calls back. Over HTTP/1.1 a
   * connection serves one request at a time, and is closed if more than this are waiting on it.
   */
  maxConcurrentStreams?: number;

  /**
   * The largest request head, in bytes. Default: 16 KiB, that of Node and of most proxies; large
   * metadata is better sent as a message. Over HTTP/2 a client learns the limit with the server's
   * first answer; requests before that may be larger.
   */
  maxHeaderBytes?: number;

  /**
   * Closes a connection that has had no open call for this many milliseconds. Default: 5 minutes:
   * longer than clients pause, short enough that abandoned ones do not pile up. 0: never. Over
   * HTTP/1.1 this counts from the first answer on; before a first request, Node's limit of one
   * minute applies.
   */
  idleTimeoutMs?: number;

  /**
   * Pings HTTP/2 connections that have open calls. A peer that vanished without closing is noticed
   * after `intervalMs` and `timeoutMs`, and its calls end with `canceled`. Default: every minute,
   * 20 seconds to answer, so that an idle stream does not outlive its client by long. `false`: off.
   */
  keepAlive?: { intervalMs?: number; timeoutMs?: number } | false;

  /**
   * How many streams a client may reset in a burst, and per second after that, before its
   * connection is closed: a defence against rapid resets (CVE-2023-44487). Default: 1000 and 100:
   * cancelling is an ordinary way to end a stream. Each call that ends well makes room for one
   * more.
   */
  resetLimit?: { burst?: number; perSecond?: number };

  /** Serves a Unix socket (or a Windows named pipe) at this path, instead of `host` and `port`. */
  path?: string;

  /**
   * Closes an HTTP/2 connection of this age, in milliseconds, give or take a tenth: its client
   * makes another, which may reach another server behind a balancer. Calls may finish within
   * `maxConnectionAgeGraceMs`. Default: none.
   */
  maxConnectionAgeMs?: number;

  /** Time for open calls to finish after `maxConnectionAgeMs`, in milliseconds. Default: any time. */
  maxConnectionAgeGraceMs?: number;

  /**
   * Called when a client violates HTTP/2 or exceeds a limit. Default: not called, since an attacker
   * could fill the log.
   */
  onConnectionError?: (problem: ConnectionProblem) => void;

  /** Limits of HTTP/2 that are rarely changed: windows, tables, time limits of connections. */
  http2?: Http2Tuning;
}

/** `ServeOptions` with all defaults. */
export interface ResolvedServeOptions extends Http2SessionOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string | undefined;
  readonly tls: TlsOptions | undefined;
  readonly maxHeaderBytes: number;
}

/** Default time for open calls to finish in `close`, in milliseconds. */
export const DEFAULT_GRACE_MS = 10_000;

type ListenerOption = Exclude<keyof ServeOptions, AdapterOption>;

const milliseconds = wholeFrom(1, MAX_TIMER_MS);
const resets = wholeFrom(0, MAX_TIMER_MS);

/** What `serve` has beside the options of the adapter. */
const listenerOptions: Settings<ListenerOption> = {
  host: valueThat("a host name or an IP address", isText),
  port: wholeFrom(0, 65_535),
  path: valueThat("the path of a Unix socket", isText),
  tls: { check: (option, value) => checkTls(option, value) },
  maxConcurrentStreams: wholeFrom(1, 2 ** 31 - 1),
  maxHeaderBytes: wholeFrom(1, 2 ** 30),
  idleTimeoutMs: wholeFrom(0, MAX_TIMER_MS),
  keepAlive: { settings: { intervalMs: milliseconds, timeoutMs: milliseconds }, orFalse: true },
  maxConnectionAgeMs: milliseconds,
  maxConnectionAgeGraceMs: milliseconds,
  onConnectionError: functionOption,
  resetLimit: { settings: { burst: resets, perSecond: resets } },
  http2: http2Tuning,
};

/** The options of `serve`. */
export const serveOptions: Settings<ListenerOption | AdapterOption> = {
  ...listenerOptions,
  ...adapterOptions,
};

/** Fills in the defaults. Throws a `RangeError` for an invalid value. */
export function resolveServeOptions(options: ServeOptions): ResolvedServeOptions {
  checkOptions(listenerOptions, options);
  const { host = "127.0.0.1", port = 0, path, tls, keepAlive = {} } = options;
  const { idleTimeoutMs = 300_000, maxHeaderBytes = 16 * 1024, halfCloseGraceMs = 0 } = options;
  const { maxConnectionAgeMs = Number.POSITIVE_INFINITY } = options;
  const { maxConnectionAgeGraceMs = Number.POSITIVE_INFINITY } = options;
  return {
    host,
    port,
    path,
    tls: tls && definedOnly(tls),
    idleTimeoutMs,
    keepAlive: keepAlive === false ? undefined : resolveKeepAlive(keepAlive),
    maxHeaderBytes,
    maxConnectionAgeMs,
    maxConnectionAgeGraceMs,
    halfCloseGraceMs,
    contextValues: options.contextValues,
    onConnectionError: options.onConnectionError,
    http2: resolveHttp2(options, maxHeaderBytes),
  };
}

function resolveHttp2(
  { http2 = {}, resetLimit = {}, maxConcurrentStreams = DEFAULT_MAX_CALLS }: ServeOptions,
  maxHeaderListBytes: number,
): Http2Options {
  const { burst = 1000, perSecond = 100 } = resetLimit;
  return {
    maxHeaderListBytes,
    maxConcurrentStreams,
    resets: { burst, perSecond },
    ...definedOnly(http2),
  };
}

function resolveKeepAlive(keepAlive: { intervalMs?: number; timeoutMs?: number }) {
  const { intervalMs = 60_000, timeoutMs = 20_000 } = keepAlive;
  return { intervalMs, timeoutMs };
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

/** Node listens without a certificate, too, and then fails every handshake. */
function checkTls(option: string, value: unknown): void {
  const allowed = "an object with key and cert, pfx, SNICallback or pskCallback";
  if (!isObject(value)) throw invalidOption(option, allowed, value);
  const tls: TlsOptions = definedOnly(value);
  checkTlsContents(option, tls);
  const { key, privateKeyIdentifier, cert, pfx, SNICallback, pskCallback } = tls;
  const certified = cert && (key || privateKeyIdentifier);
  if (certified || pfx || SNICallback || pskCallback) return;
  const given = Object.keys(tls).join(", ") || "nothing";
  throw new RangeError(`${option} must be ${allowed}, not one with ${given}`);
}
