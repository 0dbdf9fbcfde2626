// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming } from "@bufbuild/protobuf";
import type { ContextValues } from "@connectrpc/connect";
import { type ClientCall, plainCall } from "../client/client-call.js";
import { openOnWire } from "../client/open-on-wire.js";
import { allHeaders, type OpenWire, prepareMethod, requestOf } from "../client/wire-method.js";
import { DEFAULT_READ_MAX_BYTES } from "../options/message-size.js";
import { validateReadWriteMaxBytes } from "../protocol/connect-internals.js";
import { grpc } from "../protocol/grpc.js";
import type { Call } from "../server/call.js";
import { createShutdownError } from "../server/call-tracker.js";
import type { RequestHead } from "../server/context.js";
import type { ServedRpc } from "../server/pipeline.js";
import { WireCarrier as ServerCarrier } from "../server/wire-carrier.js";
import { MemoryExchange } from "./memory-exchange.js";

/** What a call is opened with. */
export interface MemoryCallInit {
  readonly headers: HeadersInit | undefined;
  readonly contextValues: ContextValues | undefined;
  readonly timeoutMs: number | undefined;
  /** Whether the server may send another message after so many. */
  readonly maySend: (written: number) => boolean;
}

/** The two ends of a call, and what is between them. */
export interface MemoryPair {
  readonly client: ClientCall;
  readonly server: Call;
  readonly exchange: MemoryExchange;
  /** Aborts the drain signal of the server's end. */
  drain(): void;
}

const wireOptions = {
  ...validateReadWriteMaxBytes(DEFAULT_READ_MAX_BYTES, undefined, undefined),
  baseUrl: "http://in-memory",
  protocol: grpc,
  fullDuplex: true,
  useBinaryFormat: true,
  interceptors: [],
  sendCompression: null,
  acceptCompression: [],
};

/** Opens a call of `rpc` as a gRPC client would, and a gRPC server. The handler starts at once. */
export function openInMemory(
  method: DescMethodStreaming,
  rpc: ServedRpc,
  init: MemoryCallInit,
): MemoryPair {
  let pair: Omit<MemoryPair, "client"> | undefined;
  const openWire: OpenWire = (request, events) => {
    const exchange = new MemoryExchange(events, init.maySend);
    const head = requestHead(
      request.url,
      allHeaders({ ...request, timeoutMs: undefined }),
      init.contextValues,
    );
    const server = new ServerCarrier(rpc, grpc, true, head, exchange.server);
    pair = {
      server: server.call,
      exchange,
      drain: () => server.drain(createShutdownError()),
    };
    exchange.attach(server);
    if (!init.maySend(0)) server.call.hold();
    events.onOpen(exchange.client);
    server.start();
  };
  const prepared = prepareMethod({ ...wireOptions, openWire }, method);
  const { headers, timeoutMs } = init;
  // The server is told of the deadline; who keeps it is virtual time.
  const header = allHeaders(requestOf(prepared, { ...plainCall, headers, timeoutMs }));
  const request = { header, timeout: undefined, timeoutMs: undefined };
  const call = openOnWire(prepared, plainCall, request);
  if (!pair) throw new Error("the call was not opened");
  return { ...pair, client: call };
}

function requestHead(
  url: string,
  header: Headers,
  contextValues: ContextValues | undefined,
): RequestHead {
  const { pathname, origin } = new URL(url);
  return {
    method: "POST",
    fullDuplex: true,
    path: pathname,
    origin,
    url,
    header,
    contextValues,
    peer: undefined,
    get: (name) => header.get(name) ?? undefined,
  };
}
