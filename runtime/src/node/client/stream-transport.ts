// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import {
  type ConnectTransportOptions,
  compressionBrotli,
  compressionGzip,
} from "@connectrpc/connect-node";
import { registerNativeTransport } from "../../client/client-call.js";
import { openOnWire } from "../../client/open-on-wire.js";
import { registerTransportInfo } from "../../client/transport-info.js";
import { prepareMethod, type WireTransportOptions } from "../../client/wire-method.js";
import { createWireTransport } from "../../client/wire-transport.js";
import { checkConnectOptions } from "../../options/connect-options.js";
import { DEFAULT_READ_MAX_BYTES } from "../../options/message-size.js";
import { checkOptionNames } from "../../options/option-names.js";
import { assertNumber, definedOnly } from "../../options/settings.js";
import { connect } from "../../protocol/connect.js";
import { validateReadWriteMaxBytes } from "../../protocol/connect-internals.js";
import { grpc } from "../../protocol/grpc.js";
import { grpcWeb } from "../../protocol/grpc-web.js";
import { registerNodeCompressions } from "../compression/compression.js";
import { checkTlsContents } from "../tls-files.js";
import { http1Opener } from "./http1-wire.js";
import { http2Opener, type SessionManager } from "./http2-wire.js";
import { transportOptionNames } from "./option-names.js";
import { StreamSessionManager } from "./session-manager.js";

type Http2Options = Omit<Extract<ConnectTransportOptions, { httpVersion: "2" }>, "httpVersion">;
type Http1Options = Omit<Extract<ConnectTransportOptions, { httpVersion: "1.1" }>, "httpVersion">;

/** Options of `createStreamTransport`: those of Connect-Node's transports, and the protocol. */
export type StreamTransportOptions = (
  | ({
      /**
       * Default: "2". Bidirectional streams and gRPC need it, and over "1.1" each open stream
       * holds a connection of its own.
       */
      httpVersion?: "2";
    } & Http2Options)
  | ({ httpVersion: "1.1" } & Http1Options)
) & {
  /** The protocol to speak. */
  protocol: "grpc" | "grpc-web" | "connect";

  /**
   * The largest message to accept, in bytes, before and after decompression. Default: 4 MiB, as
   * with gRPC; Connect's own default is 4 GiB.
   */
  readMaxBytes?: number;
};

const protocols = { grpc, "grpc-web": grpcWeb, connect };

/**
 * A Connect transport for Node, for all kinds of RPC and for any Connect client. Generated clients
 * take a direct path through it, without async iterables, unless it has interceptors.
 *
 * Throws a `ConnectError` for options that cannot work together, and a `RangeError` for one that
 * cannot be or that it does not have. Connections are made when they are needed.
 */
export function createStreamTransport(options: StreamTransportOptions): Transport {
  checkOptionNames("createStreamTransport", options, transportOptionNames);
  registerNodeCompressions();
  const wireOptions = resolve(check(whatIsSet(options)));
  const transport = createWireTransport(wireOptions);
  registerTransportInfo(transport, options);
  if (wireOptions.interceptors.length === 0) {
    registerNativeTransport(transport, (rpc, limits) => {
      const method = prepareMethod(wireOptions, rpc, limits);
      return (init) => openOnWire(method, init);
    });
  }
  return transport;
}

/** In Node's options, too: there, `rejectUnauthorized: undefined` is not its default. */
function whatIsSet(given: StreamTransportOptions): StreamTransportOptions {
  const options = definedOnly(given);
  const { nodeOptions } = options;
  return nodeOptions
    ? Object.assign({ ...options }, { nodeOptions: definedOnly(nodeOptions) })
    : options;
}

function resolve(options: StreamTransportOptions & SharedSessions): WireTransportOptions {
  return {
    ...validateReadWriteMaxBytes(
      options.readMaxBytes ?? DEFAULT_READ_MAX_BYTES,
      options.writeMaxBytes,
      options.compressMinBytes,
    ),
    baseUrl: options.baseUrl,
    protocol: protocols[options.protocol],
    openWire:
      options.httpVersion === "1.1"
        ? http1Opener(options.baseUrl, options.nodeOptions)
        : http2Opener(options.sessionManager as SessionManager),
    fullDuplex: options.httpVersion !== "1.1",
    useBinaryFormat: options.useBinaryFormat ?? true,
    interceptors: options.interceptors ?? [],
    useHttpGet: "useHttpGet" in options && options.useHttpGet === true,
    sendCompression: options.sendCompression ?? null,
    acceptCompression: options.acceptCompression ?? [compressionGzip, compressionBrotli],
    ...(options.jsonOptions && { jsonOptions: options.jsonOptions }),
    ...(options.binaryOptions && { binaryOptions: options.binaryOptions }),
    ...(options.defaultTimeoutMs !== undefined && { defaultTimeoutMs: options.defaultTimeoutMs }),
  };
}

interface SharedSessions {
  readonly sessionManager?: unknown;
}

/** Times of the transport and its connections, in milliseconds, and the least that each can be. */
const times = [
  ["defaultTimeoutMs", 0],
  ["pingIntervalMs", Number.MIN_VALUE],
  ["pingTimeoutMs", Number.MIN_VALUE],
  ["idleConnectionTimeoutMs", 0],
  // Connect 2.3 and later have it; the session manager gets it with the others.
  ["connectTimeoutMs", Number.MIN_VALUE],
] as const;

/** Throws a `RangeError` for an invalid value, which would be no limit at all. */
function checkValues(options: StreamTransportOptions): void {
  checkConnectOptions(options);
  checkTlsContents("nodeOptions", options.nodeOptions ?? {});
  const given: { [K in (typeof times)[number][0]]?: number | undefined } = options;
  for (const [name, min] of times) {
    const value = given[name];
    if (value !== undefined) assertNumber(name, value, min, Number.POSITIVE_INFINITY);
  }
}

/** Throws for what cannot work, and makes the one connection manager that all calls share. */
function check(options: StreamTransportOptions): StreamTransportOptions {
  const { protocol, baseUrl, httpVersion } = options;
  const bad = (what: string) =>
    new ConnectError(`createStreamTransport: ${what}`, Code.InvalidArgument);
  if (!Object.hasOwn(protocols, protocol)) {
    const allowed = Object.keys(protocols).join(", ");
    throw bad(`protocol must be one of ${allowed}, not ${JSON.stringify(protocol)}`);
  }
  if (!/^https?:\/\//.test(baseUrl) || !URL.canParse(baseUrl)) {
    throw bad(`baseUrl must be an http or https URL, not ${JSON.stringify(baseUrl)}`);
  }
  checkValues(options);
  if (httpVersion === "1.1") {
    if (protocol === "grpc")
      throw bad('gRPC needs HTTP/2: leave out httpVersion, or set it to "2"');
    return options;
  }
  if (httpVersion !== undefined && httpVersion !== "2") {
    throw bad(`httpVersion must be "1.1" or "2", not ${JSON.stringify(httpVersion)}`);
  }
  const sessionManager =
    options.sessionManager ?? new StreamSessionManager(baseUrl, options, options.nodeOptions);
  return { ...options, sessionManager };
}
