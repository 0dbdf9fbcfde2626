// SPDX-License-Identifier: Apache-2.0
import * as limits from "./limits.js";

/** Limits of a connection. Unset limits have the defaults that `limits.ts` explains. */
export interface Http2Options {
  /** Calls that the peer may have open at once; a server's. Default: 250. */
  maxConcurrentStreams?: number;
  /** Octets of a header list, each field counted with 32 more. Default: 16 KiB. */
  maxHeaderListBytes?: number;
  /** Octets of the table that the peer may use to shorten its headers. Default: 4096. */
  headerTableBytes?: number;
  /** Bytes that the peer may send on a stream before somebody takes them. Default: 128 KiB. */
  streamWindowBytes?: number;
  /** What that window may grow to, with the bandwidth-delay product. Default: 192 KiB. */
  maxStreamWindowBytes?: number;
  /** Bytes that the peer may send on all streams together before they have arrived. Default: 1 MiB. */
  connectionWindowBytes?: number;
  /** What that window may grow to. Default: 16 MiB. */
  maxConnectionWindowBytes?: number;
  /** Bytes that all paused streams may hold before the peer has to stop. Default: 32 MiB. */
  maxUnreadBytes?: number;
  /** Bytes that may wait on a stream before `write` returns false. Default: 64 KiB. */
  streamBufferBytes?: number;
  /** Streams that the peer may reset. Default: 1000 at once, then 100 a second. */
  resets?: limits.Rate;
  /** Milliseconds between two pings of a client that has been sent nothing in between. Default: 9 s. */
  minPingIntervalMs?: number;
  /** How long to wait for the peer's first SETTINGS, in milliseconds. Default: 10 s. */
  prefaceTimeoutMs?: number;
  /** How long to wait until the peer acknowledges our SETTINGS, in milliseconds. Default: 10 s. */
  settingsTimeoutMs?: number;
  /** How long a complete response may wait for a peer that takes nothing of it. Default: 10 min. */
  stallTimeoutMs?: number;
}

/** {@link Http2Options} with all defaults. */
export type ResolvedHttp2Options = Readonly<Required<Http2Options>>;

const defaults: ResolvedHttp2Options = {
  maxConcurrentStreams: limits.MAX_CONCURRENT_STREAMS,
  maxHeaderListBytes: limits.MAX_HEADER_LIST_BYTES,
  headerTableBytes: limits.DEFAULT_HEADER_TABLE_BYTES,
  streamWindowBytes: limits.STREAM_WINDOW_BYTES,
  maxStreamWindowBytes: limits.MAX_STREAM_WINDOW_BYTES,
  connectionWindowBytes: limits.CONNECTION_WINDOW_BYTES,
  maxConnectionWindowBytes: limits.MAX_CONNECTION_WINDOW_BYTES,
  maxUnreadBytes: limits.MAX_UNREAD_BYTES,
  streamBufferBytes: limits.STREAM_BUFFER_BYTES,
  resets: limits.RESETS,
  minPingIntervalMs: limits.MIN_PING_INTERVAL_MS,
  prefaceTimeoutMs: limits.PREFACE_TIMEOUT_MS,
  settingsTimeoutMs: limits.SETTINGS_TIMEOUT_MS,
  stallTimeoutMs: limits.STALL_TIMEOUT_MS,
};

/** Fills in the defaults. Windows never grow to less than they begin with. */
export function resolveHttp2Options(options: Http2Options): ResolvedHttp2Options {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const resolved = { ...defaults, ...Object.fromEntries(given) };
  const connectionWindowBytes = Math.max(
    resolved.connectionWindowBytes,
    limits.DEFAULT_WINDOW_BYTES,
  );
  return {
    ...resolved,
    connectionWindowBytes,
    maxStreamWindowBytes: Math.max(resolved.maxStreamWindowBytes, resolved.streamWindowBytes),
    maxConnectionWindowBytes: Math.max(resolved.maxConnectionWindowBytes, connectionWindowBytes),
  };
}
