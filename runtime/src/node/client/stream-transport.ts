// SPDX-License-Identifier: Apache-2.0
import {
  Code,
  ConnectError,
  createContextValues,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import {
  type ConnectTransportOptions,
  compressionBrotli,
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  type GrpcTransportOptions,
} from "@connectrpc/connect-node";
import { type OpenCall, registerNativeTransport } from "../../client/client-call.js";
import { invalidHeaderError } from "../../client/not-sent-error.js";
import { streamOnWire } from "../../client/stream-on-wire.js";
import { withUrl } from "../../client/transport-error.js";
import { registerTransportInfo } from "../../client/transport-info.js";
import { formatOf, WireCarrier, type WireTransportOptions } from "../../client/wire-carrier.js";
import { checkConnectOptions } from "../../options/connect-options.js";
import type { StreamLimits } from "../../options/limits.js";
import { DEFAULT_READ_MAX_BYTES } from "../../options/message-size.js";
import { assertNumber, definedOnly } from "../../options/settings.js";
import { MAX_TIMER_MS } from "../../options/timeouts.js";
import { connect } from "../../protocol/connect.js";
import {
  createMethodUrl,
  runStreamingCall,
  validateReadWriteMaxBytes,
} from "../../protocol/connect-internals.js";
import { grpc } from "../../protocol/grpc.js";
import { grpcWeb } from "../../protocol/grpc-web.js";
import { capForConnect } from "../../protocol/timeout-header.js";
import { registerNodeCompressions } from "../compression/compression.js";
import { unaryFailure } from "./errors.js";
import { http1Opener } from "./http1-wire.js";
import { http2Opener, type SessionManager } from "./http2-wire.js";
import { watchedManager } from "./session-errors.js";
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
 * cannot be. Connections are made when they are needed.
 */
export function createStreamTransport(options: StreamTransportOptions): Transport {
  const checked = check(whatIsSet(options));
  registerNodeCompressions();
  const wireOptions = resolve(checked);
  const unary = createUnaryTransport(checked);
  const transport: Transport = {
    unary: (method, signal, timeoutMs, ...rest) =>
      unary.unary(method, signal, capForConnect(timeoutMs), ...rest),
    stream: (method, signal, timeoutMs, header, input, contextValues) => {
      const deadline = deadlineOf(wireOptions, timeoutMs);
      const { protocol, baseUrl, interceptors } = wireOptions;
      return runStreamingCall({
        interceptors,
        ...(signal && { signal }),
        ...(deadline !== undefined && { timeoutMs: deadline }),
        req: {
          stream: true,
          service: method.parent,
          method,
          requestMethod: "POST",
          url: createMethodUrl(baseUrl, method),
          header: protocol.requestHeader(header, formatOf(wireOptions, deadline)),
          contextValues: contextValues ?? createContextValues(),
          message: input,
        },
        next: (request) => streamOnWire(wireOptions, request),
      });
    },
  };
  registerTransportInfo(transport, options);
  if (wireOptions.interceptors.length === 0)
    registerNativeTransport(transport, directPath(wireOptions));
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

/** Opens calls of generated clients. */
function directPath(options: WireTransportOptions): OpenCall {
  return (method, { headers, signal, timeoutMs: asked, limits, queues, skip, watch }) => {
    const timeoutMs = deadlineOf(options, asked);
    const header = options.protocol.requestHeader(headers, formatOf(options, timeoutMs));
    const init = { header, signal, timeoutMs, queues, skip, watch };
    return new WireCarrier(limits ? withLimits(options, limits) : options, method, init).call;
  };
}

function withLimits(options: WireTransportOptions, limits: StreamLimits): WireTransportOptions {
  const { readMaxBytes = options.readMaxBytes, writeMaxBytes = options.writeMaxBytes } = limits;
  return { ...options, readMaxBytes, writeMaxBytes, streamLimits: limits };
}

function deadlineOf(
  { defaultTimeoutMs }: WireTransportOptions,
  asked: number | undefined = defaultTimeoutMs,
): number | undefined {
  return asked !== undefined && asked > 0 ? Math.min(asked, MAX_TIMER_MS) : undefined;
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
        ? http1Opener(options.nodeOptions)
        : http2Opener(options.sessionManager as SessionManager),
    fullDuplex: options.httpVersion !== "1.1",
    useBinaryFormat: options.useBinaryFormat ?? true,
    interceptors: options.interceptors ?? [],
    sendCompression: options.sendCompression ?? null,
    acceptCompression: options.acceptCompression ?? [compressionGzip, compressionBrotli],
    ...(options.jsonOptions && { jsonOptions: options.jsonOptions }),
    ...(options.binaryOptions && { binaryOptions: options.binaryOptions }),
    ...(options.defaultTimeoutMs !== undefined && { defaultTimeoutMs: options.defaultTimeoutMs }),
  };
}

/** Unary calls are Connect-Node's, over the same connection. */
function createUnaryTransport(options: StreamTransportOptions): Transport {
  const readMaxBytes = options.readMaxBytes ?? DEFAULT_READ_MAX_BYTES;
  const shared = {
    ...options,
    httpVersion: options.httpVersion ?? "2",
    readMaxBytes,
    defaultTimeoutMs: capForConnect(options.defaultTimeoutMs),
    // The innermost: interceptors see what callers see.
    interceptors: [...(options.interceptors ?? []), likeStreams(new URL(options.baseUrl).origin)],
  };
  if (options.protocol === "grpc") return createGrpcTransport(shared as GrpcTransportOptions);
  const versioned = shared as ConnectTransportOptions;
  return options.protocol === "connect"
    ? createConnectTransport(versioned)
    : createGrpcWebTransport(versioned);
}

/** Lets unary calls fail as streams do. */
function likeStreams(origin: string): Interceptor {
  return (next) => async (request) => {
    const bad = invalidHeaderError(request.header);
    if (bad) throw bad;
    try {
      return await next(request);
    } catch (thrown) {
      if (request.signal.aborted) throw thrown;
      const failure = unaryFailure(thrown, origin);
      throw failure instanceof ConnectError
        ? withUrl(failure, request.url, request.method)
        : failure;
    }
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

/** Throws a `RangeError` for a value that cannot be, which would be no limit at all. */
function checkValues(options: StreamTransportOptions): void {
  checkConnectOptions(options);
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
  const sessionManager = options.sessionManager
    ? watchedManager(options.sessionManager)
    : new StreamSessionManager(baseUrl, options, options.nodeOptions);
  return { ...options, sessionManager };
}
