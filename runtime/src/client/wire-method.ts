// SPDX-License-Identifier: Apache-2.0
import type { DescMessage } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { StreamLimits } from "../options/limits.js";
import { MAX_TIMER_MS } from "../options/timeouts.js";
import {
  type CommonTransportOptions,
  createMethodSerializationLookup,
  createMethodUrl,
} from "../protocol/connect-internals.js";
import { getHeader, unaryRequestHeader } from "../protocol/connect-unary-client.js";
import { limitElements, type Parse } from "../protocol/element-limit.js";
import type { Field, Fields } from "../protocol/fields.js";
import { mayReferenceInput } from "../protocol/input-references.js";
import { keepMessageShapes } from "../protocol/message-shapes.js";
import type { RpcMethod } from "../protocol/method-kind.js";
import type { ClientFormat, ClientProtocol } from "../protocol/protocol.js";
import { toMessage } from "../protocol/to-message.js";
import type { ClientWireEvents } from "../protocol/wire.js";
import { serializationError } from "../protocol/wrong-type.js";
import type { CallInit } from "./client-call.js";
import { USER_AGENT } from "./user-agent.js";

/** A request, but for its body. */
export interface OutgoingRequest {
  readonly method: "POST" | "GET";
  readonly url: string;
  /** Path and query of `url`. */
  readonly path: string;
  /** A frozen list is the same for many calls: a wire may prepare it once. */
  readonly header: Fields;
  /** One more field: the time limit. */
  readonly timeout: Field | undefined;
}

/** A request that may have to wait before it is open. */
export interface OpeningWire {
  /** Nobody needs it any more. */
  cancel(): void;
}

/**
 * Starts an HTTP request, and tells `events` what becomes of it. Returns what can be cancelled
 * before `onOpen`, if it can.
 */
export type OpenWire = (
  request: OutgoingRequest,
  events: ClientWireEvents,
) => OpeningWire | undefined;

/** What calls of one transport share. */
export interface WireTransportOptions extends Omit<CommonTransportOptions, "httpClient"> {
  readonly protocol: ClientProtocol;
  readonly openWire: OpenWire;
  /** False where a response begins only when the request has ended: over HTTP/1.1. */
  readonly fullDuplex: boolean;
}

/** What calls of one method on one transport share: it is prepared once. */
export interface WireMethod extends Pick<OutgoingRequest, "method" | "url" | "path" | "header"> {
  readonly rpc: RpcMethod;
  /** Those of the transport, but for the limits of size. */
  readonly options: WireTransportOptions;
  /** What is limited beyond one message. */
  readonly limits: StreamLimits | undefined;
  readonly format: ClientFormat;
  /** Without envelopes: one whole body each way, which is Connect's form of unary calls. */
  readonly isBody: boolean;
  /** `header` for a request with GET. */
  readonly bodyless: Fields;
  /** Parsed messages may hold views of the bytes they were parsed from. */
  readonly references: boolean;
  /** Throws a `ConnectError` for a message that cannot be sent. */
  serialize(message: object): Uint8Array;
  readonly parse: Parse<object>;
  /** The request's headers with those of the caller. */
  headerWith(given: HeadersInit): Headers;
}

/** Prepares what calls of `rpc` share. */
export function prepareMethod(
  transport: WireTransportOptions,
  rpc: RpcMethod,
  limits?: StreamLimits,
): WireMethod {
  const options = limits ? withLimits(transport, limits) : transport;
  const { protocol, useBinaryFormat, acceptCompression, sendCompression } = options;
  const format = { binary: useBinaryFormat, acceptCompression, sendCompression };
  const isBody = protocol.name === "connect" && rpc.methodKind === "unary";
  const protocolHeader = isBody ? unaryRequestHeader : protocol.requestHeader;
  const headerWith = (given: HeadersInit | undefined) => {
    const headers = protocolHeader(given, format);
    if (!namesUserAgent(given)) headers.set("user-agent", USER_AGENT);
    return headers;
  };
  const url = createMethodUrl(options.baseUrl, rpc);
  const { pathname, search } = new URL(url);
  const header = Object.freeze([...headerWith(undefined)]);
  return {
    rpc,
    options,
    limits,
    format,
    isBody,
    method: isBody && options.useHttpGet && hasNoSideEffects(rpc) ? "GET" : "POST",
    url,
    path: pathname + search,
    header,
    bodyless: Object.freeze(getHeader(header)),
    references: mayReferenceInput(rpc.output),
    ...codecOf(options, rpc),
    headerWith,
  };
}

function namesUserAgent(given: HeadersInit = {}): boolean {
  const names =
    Symbol.iterator in given ? Array.from(given, ([name = ""]) => name) : Object.keys(given);
  return names.some((name) => name.toLowerCase() === "user-agent");
}

/** What the request of one call has of its own. */
export interface WireRequest {
  readonly header: Fields;
  /** The time limit, as the server is told. */
  readonly timeout: Field | undefined;
  /** The time limit that this side keeps; interceptors have a signal for it. */
  readonly timeoutMs: number | undefined;
}

/** The request of a call as `init` has it, with the protocol's headers. */
export function requestOf(method: WireMethod, { headers, timeoutMs }: CallInit): WireRequest {
  const header = headers === undefined ? method.header : method.headerWith(headers);
  const limit = deadlineOf(method.options, timeoutMs);
  return { header, timeout: timeoutField(method.options, limit), timeoutMs: limit };
}

/** The time limit of a call that asks for `timeoutMs`. 0 or less is none. */
export function deadlineOf(
  { defaultTimeoutMs }: WireTransportOptions,
  asked: number | undefined = defaultTimeoutMs,
): number | undefined {
  return asked !== undefined && asked > 0 ? Math.min(asked, MAX_TIMER_MS) : undefined;
}

function timeoutField(
  { protocol }: WireTransportOptions,
  timeoutMs: number | undefined,
): Field | undefined {
  return timeoutMs === undefined
    ? undefined
    : [protocol.timeout, protocol.formatTimeout(timeoutMs)];
}

/** All headers of a request, for interceptors. */
export function allHeaders({ header, timeout }: WireRequest): Headers {
  const headers = header instanceof Headers ? header : new Headers();
  if (headers !== header) for (const [name, value] of header) headers.append(name, value);
  if (timeout) headers.set(...timeout);
  return headers;
}

function hasNoSideEffects({ idempotency }: RpcMethod): boolean {
  return idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
}

function withLimits(options: WireTransportOptions, limits: StreamLimits): WireTransportOptions {
  const { readMaxBytes = options.readMaxBytes, writeMaxBytes = options.writeMaxBytes } = limits;
  return { ...options, readMaxBytes, writeMaxBytes };
}

function codecOf(
  options: WireTransportOptions,
  rpc: RpcMethod,
): Pick<WireMethod, "serialize" | "parse"> {
  const { binaryOptions, jsonOptions, useBinaryFormat } = options;
  const lookup = createMethodSerializationLookup<DescMessage, DescMessage>(
    rpc,
    binaryOptions,
    jsonOptions,
    options,
  );
  keepMessageShapes(rpc);
  const input = lookup.getI(useBinaryFormat);
  const output = lookup.getO(useBinaryFormat);
  return {
    serialize(message) {
      try {
        return input.serialize(toMessage(rpc.input, message));
      } catch (thrown) {
        throw serializationError(rpc.input, message, thrown);
      }
    },
    parse: limitElements<object>((data) => output.parse(data), rpc.output, useBinaryFormat),
  };
}
