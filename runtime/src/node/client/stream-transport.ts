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
import {
  type OpenWire,
  prepareMethod,
  type WireTransportOptions,
} from "../../client/wire-method.js";
import { createWireTransport } from "../../client/wire-transport.js";
import { checkOptions } from "../../options/declare.js";
import { DEFAULT_READ_MAX_BYTES } from "../../options/message-size.js";
import { checkOptionNames } from "../../options/option-names.js";
import { definedOnly } from "../../options/settings.js";
import { connect } from "../../protocol/connect.js";
import { validateReadWriteMaxBytes } from "../../protocol/connect-internals.js";
import { grpc } from "../../protocol/grpc.js";
import { grpcWeb } from "../../protocol/grpc-web.js";
import { registerNodeCompressions } from "../compression/compression.js";
import { checkTlsContents } from "../tls-files.js";
import { resolveTarget } from "./connect-target.js";
import { http1Opener } from "./http1-wire.js";
import { http2Opener } from "./http2-wire.js";
import { nodeHttp2Opener, type SessionManager } from "./node-http2-wire.js";
import { type StreamTransport, TransportConnections } from "./transport-connections.js";
import { transportOptions } from "./transport-options.js";

type Http2Options = Omit<Extract<ConnectTransportOptions, { httpVersion: "2" }>, "httpVersion">;
type Http1Options = Omit<Extract<ConnectTransportOptions, { httpVersion: "1.1" }>, "httpVersion">;

interface SharedOptions {
  /** The protocol to speak. */
  protocol: "grpc" | "grpc-web" | "connect";

  /**
   * The largest message to accept, in bytes, before and after decompression. Default: 4 MiB, as
   * with gRPC; Connect's own default is 4 GiB.
   */
  readMaxBytes?: number;
}

/** Options of `createStreamTransport` over HTTP/2. */
export type Http2TransportOptions = Http2Options &
  SharedOptions & {
    /**
     * Default: "2". Bidirectional streams and gRPC need it, and over "1.1" each open stream
     * holds a connection of its own.
     */
    httpVersion?: "2";

    /**
     * How many connections there may be at once. Another one is made only when calls wait because
     * the open connections have as many calls as the server allows. Default: 8.
     */
    maxConnections?: number;

    /**
     * How calls are spread over the addresses of the server's name. `pick-first` (the default)
     * connects to one that answers. `round-robin` connects to all, up to `maxConnections`, and
     * gives each call to the connection with the fewest calls, taking turns among equals. The name
     * is looked up again when a connection is lost, and every 30 seconds while there are calls.
     */
    loadBalancing?: "pick-first" | "round-robin";

    /**
     * Time to make a connection, TLS and HTTP/2 settings included, in milliseconds. Default: 20
     * seconds.
     */
    connectTimeoutMs?: number;

    /** The largest headers and trailers of a response to accept, in bytes. Default: 64 KiB. */
    maxHeaderBytes?: number;
  };

/** Options of `createStreamTransport`: those of Connect-Node's transports, and the protocol. */
export type StreamTransportOptions =
  | Http2TransportOptions
  | ({ httpVersion: "1.1" } & Http1Options & SharedOptions);

const protocols = { grpc, "grpc-web": grpcWeb, connect };

/**
 * A Connect transport for Node, for all kinds of RPC and for any Connect client. Generated clients
 * take a direct path through it, without async iterables, unless it has interceptors.
 *
 * Throws a `ConnectError` for options that cannot work together, and a `RangeError` for an invalid
 * option. Connections are made when they are needed.
 */
export function createStreamTransport(
  options: Http2TransportOptions & { sessionManager?: undefined },
): StreamTransport;
/** The same over HTTP/1.1, or with a `sessionManager` of your own, which you close yourself. */
export function createStreamTransport(options: StreamTransportOptions): Transport;
export function createStreamTransport(given: StreamTransportOptions): Transport {
  registerNodeCompressions();
  checkOptionNames("createStreamTransport", given, transportOptions);
  const options = whatIsSet(given);
  check(options);
  const connections = hasOwnConnections(options)
    ? new TransportConnections(resolveTarget(options.baseUrl, options))
    : undefined;
  const wireOptions = resolve(
    options,
    connections ? http2Opener(connections.pool) : opener(options),
  );
  const transport = createWireTransport(wireOptions);
  registerTransportInfo(transport, options);
  if (wireOptions.interceptors.length === 0) {
    registerNativeTransport(transport, (rpc, limits) => {
      const method = prepareMethod(wireOptions, rpc, limits);
      return (init) => openOnWire(method, init);
    });
  }
  return connections ? connections.extend(transport) : transport;
}

function hasOwnConnections(options: StreamTransportOptions): options is Http2TransportOptions {
  return options.httpVersion !== "1.1" && options.sessionManager === undefined;
}

/** What opens calls on connections that are not ours. */
function opener(options: StreamTransportOptions): OpenWire {
  return options.httpVersion === "1.1"
    ? http1Opener(options.baseUrl, options.nodeOptions)
    : nodeHttp2Opener(options.sessionManager as SessionManager);
}

/** In Node's options, too: there, `rejectUnauthorized: undefined` is not its default. */
function whatIsSet(given: StreamTransportOptions): StreamTransportOptions {
  const options = definedOnly(given);
  const { nodeOptions } = options;
  return nodeOptions
    ? Object.assign({ ...options }, { nodeOptions: definedOnly(nodeOptions) })
    : options;
}

function resolve(options: StreamTransportOptions, openWire: OpenWire): WireTransportOptions {
  return {
    ...validateReadWriteMaxBytes(
      options.readMaxBytes ?? DEFAULT_READ_MAX_BYTES,
      options.writeMaxBytes,
      options.compressMinBytes,
    ),
    baseUrl: options.baseUrl,
    protocol: protocols[options.protocol],
    openWire,
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

/** Throws for what cannot work. */
function check(options: StreamTransportOptions): void {
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
  checkOptions(transportOptions, options);
  checkTlsContents("nodeOptions", options.nodeOptions ?? {});
  if (httpVersion === "1.1") {
    if (protocol === "grpc")
      throw bad('gRPC needs HTTP/2: leave out httpVersion, or set it to "2"');
    return;
  }
  if (httpVersion !== undefined && httpVersion !== "2") {
    throw bad(`httpVersion must be "1.1" or "2", not ${JSON.stringify(httpVersion)}`);
  }
}
