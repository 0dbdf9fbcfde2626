// SPDX-License-Identifier: Apache-2.0
import type * as http2 from "node:http2";
import type { LookupFunction } from "node:net";
import type { Http2Options } from "../../http2/index.js";
import { definedOnly } from "../../options/settings.js";
import { MAX_TIMER_MS } from "../../options/timeouts.js";
import type { KeepaliveSettings } from "../http2/keepalive.js";
import { responseHeaderBytes } from "./transport-options.js";

/** Options of Node for TLS and TCP, and what its HTTP/2 has beside them. */
export type NodeHttp2Options = http2.ClientSessionOptions | http2.SecureClientSessionOptions;

/** How calls are spread over the addresses of a server's name. */
export type LoadBalancing = "pick-first" | "round-robin";

/** Options of HTTP/2 connections, each with its default where it is `undefined`. */
export interface ConnectionOptions {
  readonly maxConnections?: number | undefined;
  readonly loadBalancing?: LoadBalancing | undefined;
  readonly maxHeaderBytes?: number | undefined;
  readonly connectTimeoutMs?: number | undefined;
  readonly idleConnectionTimeoutMs?: number | undefined;
  readonly pingIntervalMs?: number | undefined;
  readonly pingTimeoutMs?: number | undefined;
  readonly pingIdleConnection?: boolean | undefined;
  readonly nodeOptions?: NodeHttp2Options | undefined;
}

/** Where a transport connects to, and how: what its connections share. */
export interface ConnectTarget {
  readonly url: URL;
  readonly nodeOptions: NodeHttp2Options;
  readonly http2: Http2Options;
  /** Octets of a request's header list, whatever the server takes. */
  readonly maxRequestHeaderBytes: number;
  /** Octets of a response's header list. */
  readonly maxHeaderBytes: number;
  readonly maxConnections: number;
  /** Whether there is a connection to each address of the name. */
  readonly isRoundRobin: boolean;
  /** The user's way to look a name up. */
  readonly lookup: LookupFunction | undefined;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** The interval grows when the server says that it is pinged too often. */
  readonly keepalive: KeepaliveSettings & { intervalMs: number };
}

/**
 * Enough for 2,000 calls at once on servers with the limit of `serve`, and few enough that many
 * clients do not use up a server's sockets. Others are opened only where one is full.
 */
const DEFAULT_MAX_CONNECTIONS = 8;

/** Header lists, either way, in octets: what Node takes. */
const DEFAULT_HEADER_BYTES: number = 64 * 1024;

/** As in Connect-Node. */
const DEFAULT_PING_TIMEOUT_MS = 15_000;

/** As in Connect 2.3. */
const DEFAULT_CONNECT_TIMEOUT_MS = 20_000;

/** As in Connect-Node. */
const DEFAULT_IDLE_TIMEOUT_MS: number = 15 * 60 * 1000;

/** Beyond the time to connect, for a server to acknowledge our settings. */
const SETTINGS_ACK_TIMEOUT_MS = 10_000;

/** What Node's HTTP/2 has a setting for, and ours has not. */
const unused: readonly string[] = [
  "maxDeflateDynamicTableSize",
  "maxHeaderListPairs",
  "maxOutstandingPings",
  "maxOutstandingSettings",
  "maxReservedRemoteStreams",
  "maxSessionMemory",
  "maxSettings",
  "paddingStrategy",
  "peerMaxConcurrentStreams",
  "protocol",
  "remoteCustomSettings",
  "streamResetBurst",
  "streamResetRate",
  "strictFieldWhitespaceValidation",
  "unknownProtocolTimeout",
];

const knownSettings = ["enablePush", "headerTableSize", "initialWindowSize", "maxHeaderListSize"];

/** Fills in the defaults. Throws a `RangeError` for values that are invalid or would do nothing. */
export function resolveTarget(baseUrl: string, options: ConnectionOptions): ConnectTarget {
  const { nodeOptions = {}, connectTimeoutMs = DEFAULT_CONNECT_TIMEOUT_MS } = options;
  checkNodeOptions(nodeOptions);
  const { settings } = nodeOptions;
  const maxHeaderBytes =
    options.maxHeaderBytes ?? settings?.maxHeaderListSize ?? DEFAULT_HEADER_BYTES;
  responseHeaderBytes.check("maxHeaderBytes", maxHeaderBytes);
  return {
    url: new URL(baseUrl),
    nodeOptions,
    http2: toHttp2Options(settings, maxHeaderBytes, connectTimeoutMs),
    maxRequestHeaderBytes: nodeOptions.maxSendHeaderBlockLength ?? DEFAULT_HEADER_BYTES,
    maxHeaderBytes,
    maxConnections: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
    isRoundRobin: isRoundRobin(options),
    lookup: "lookup" in nodeOptions ? nodeOptions.lookup : undefined,
    connectTimeoutMs,
    idleTimeoutMs: options.idleConnectionTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS,
    keepalive: {
      intervalMs: options.pingIntervalMs ?? Number.POSITIVE_INFINITY,
      timeoutMs: options.pingTimeoutMs ?? DEFAULT_PING_TIMEOUT_MS,
      idle: options.pingIdleConnection ?? false,
    },
  };
}

function isRoundRobin({ loadBalancing, nodeOptions }: ConnectionOptions): boolean {
  if (loadBalancing !== "round-robin") return false;
  if (nodeOptions?.createConnection) {
    const why = "nodeOptions.createConnection chooses where to connect to";
    throw new RangeError(`loadBalancing: "round-robin" does nothing: ${why}`);
  }
  return true;
}

function toHttp2Options(
  settings: http2.Settings | undefined,
  maxHeaderListBytes: number,
  connectTimeoutMs: number,
): Http2Options {
  return {
    maxHeaderListBytes,
    // The time limit of the whole attempt is the connection's own.
    prefaceTimeoutMs: MAX_TIMER_MS,
    settingsTimeoutMs: Math.min(connectTimeoutMs + SETTINGS_ACK_TIMEOUT_MS, MAX_TIMER_MS),
    ...(settings?.headerTableSize !== undefined && { headerTableBytes: settings.headerTableSize }),
    ...(settings?.initialWindowSize !== undefined && {
      streamWindowBytes: settings.initialWindowSize,
    }),
  };
}

function checkNodeOptions(options: NodeHttp2Options): void {
  const name = Object.keys(options).find((key) => unused.includes(key));
  if (name !== undefined) throw doesNothing(`nodeOptions.${name}`);
  const set = Object.keys(definedOnly(options.settings ?? {}));
  const setting = set.find((key) => !knownSettings.includes(key));
  if (setting !== undefined) throw doesNothing(`nodeOptions.settings.${setting}`);
}

function doesNothing(option: string): RangeError {
  const why = "it belongs to Node's HTTP/2, which runs only with a sessionManager";
  return new RangeError(`${option} does nothing here: ${why}`);
}
