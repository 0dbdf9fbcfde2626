// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { ConnectError } from "@connectrpc/connect";
import type { QueryRequest } from "../protocol/protocol.js";
import {
  type AnyServerProtocol,
  findRequestForm,
  protocolsOf,
  type RequestForm,
} from "../protocol/registry.js";
import type { ServerWire, ServerWireEvents } from "../protocol/wire.js";
import { BodyCarrier } from "./body-carrier.js";
import type { CallTracker } from "./call-tracker.js";
import type { RequestHead } from "./context.js";
import type { HeaderFields } from "./extra-header.js";
import type { ServedRpc } from "./pipeline.js";
import { WireCarrier } from "./wire-carrier.js";

/** How to serve the RPC of one path. */
export interface Route {
  readonly rpc: ServedRpc;
  /** The protocols that the router has enabled for it. */
  readonly protocolNames: readonly string[];
  readonly tracker: CallTracker;
}

/** One request, as its host brings it: HTTP/1.1 or HTTP/2 of Node, or another. */
export interface Exchange {
  readonly head: RequestHead;
  /** What every answer carries, whatever it is: `refuse` adds it by itself. */
  readonly responseHeader?: HeaderFields | undefined;
  /** Why a call cannot be served, though its head is fine. */
  readonly fault?: ConnectError | undefined;
  /** Answers what is no call with an HTTP status. */
  refuse(status: number, header?: HeaderFields): void;
  /**
   * Gives the wire of a call. `streams`: the client sends any number of messages, so that a cancel may
   * look like their end. Where it sends one, a cancel may look like an empty request.
   */
  accept(streams: boolean): AttachableWire;
}

/** A wire that does not tell anything yet. */
export interface AttachableWire extends ServerWire {
  attach(events: ServerWireEvents): void;
}

interface Offer extends RequestForm {
  readonly query?: QueryRequest | undefined;
}

/** Serves one call, or answers with an HTTP status what is none. */
export function dispatch(route: Route, exchange: Exchange): void {
  const { rpc, tracker } = route;
  const { methodKind } = rpc.method;
  if (methodKind === "bidi_streaming" && !exchange.head.fullDuplex) return exchange.refuse(505);
  const offer = findOffer(route, exchange);
  if (!offer) return;
  const streams = methodKind === "client_streaming" || methodKind === "bidi_streaming";
  const wire = exchange.accept(streams);
  const carrier = createCarrier(rpc, offer, exchange, wire);
  tracker.add(carrier, rpc.options.shutdownSignal);
  wire.attach(carrier);
  carrier.start(exchange.fault);
}

function createCarrier(
  rpc: ServedRpc,
  { protocol, binary, query }: Offer,
  { head, responseHeader }: Exchange,
  wire: ServerWire,
): WireCarrier | BodyCarrier {
  return protocol.framing === "envelope"
    ? new WireCarrier(rpc, protocol, binary, head, wire, responseHeader)
    : new BodyCarrier(rpc, protocol, binary, head, wire, responseHeader, query);
}

/** How the request is written. `undefined`: it has been refused. */
function findOffer(route: Route, exchange: Exchange): Offer | undefined {
  const { method } = route.rpc;
  const { head } = exchange;
  const allow = allowedMethods(route);
  if (!allow.includes(head.method)) {
    exchange.refuse(405, { allow: allow.join(", ") });
    return undefined;
  }
  const isUnary = method.methodKind === "unary";
  const offer =
    head.method === "GET"
      ? findQueryOffer(route, head.url)
      : findRequestForm(head.get("content-type"), isUnary);
  if (offer && route.protocolNames.includes(offer.protocol.name)) return offer;
  exchange.refuse(415, { "accept-post": acceptPost(route) });
  return undefined;
}

function findQueryOffer(route: Route, url: string): Offer | undefined {
  for (const protocol of enabledProtocols(route)) {
    const query = protocol.framing === "body" ? protocol.parseQuery(url) : undefined;
    if (query) return { protocol, binary: query.binary, query };
  }
  return undefined;
}

const posted = ["POST"];

function allowedMethods(route: Route): readonly string[] {
  return hasGet(route.rpc.method) && enabledProtocols(route).some(isBody)
    ? ["GET", "POST"]
    : posted;
}

function hasGet({ methodKind, idempotency }: DescMethod): boolean {
  return methodKind === "unary" && idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
}

function isBody({ framing }: AnyServerProtocol): boolean {
  return framing === "body";
}

function enabledProtocols({ rpc, protocolNames }: Route): readonly AnyServerProtocol[] {
  const all = protocolsOf(rpc.method.methodKind === "unary");
  return all.filter(({ name }) => protocolNames.includes(name));
}

function acceptPost(route: Route): string {
  return enabledProtocols(route)
    .flatMap((protocol) => [protocol.contentType(true), protocol.contentType(false)])
    .join(", ");
}
