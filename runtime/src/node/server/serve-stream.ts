// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from "node:http";
import type { ContextValues } from "@connectrpc/connect";
import { connect } from "../../protocol/connect.js";
import { grpc } from "../../protocol/grpc.js";
import { grpcWeb } from "../../protocol/grpc-web.js";
import type { ServerProtocol } from "../../protocol/protocol.js";
import type { ServedRpc } from "../../server/resolve-rpc.js";
import { WireCall } from "../../server/wire-call.js";
import { isHttp2, type NodeRequest, type NodeResponse } from "../node-types.js";
import type { CallTracker } from "./call-tracker.js";
import { refuse } from "./http-status.js";
import { Http1ServerWire } from "./http1-wire.js";
import { Http2ServerWire } from "./http2-wire.js";
import { NodeRequestHead } from "./request-head.js";

/** How to serve the streaming RPC of one path. */
export interface StreamRoute {
  readonly rpc: ServedRpc;
  /** The protocols that the router has enabled for it. */
  readonly protocolNames: readonly string[];
  readonly tracker: CallTracker;
  readonly halfCloseGraceMs: number;
}

const protocols: readonly ServerProtocol[] = [grpc, grpcWeb, connect];

/** Serves one call, or answers with an HTTP status what is none. */
export function serveStream(
  route: StreamRoute,
  request: NodeRequest,
  response: NodeResponse,
  url: string,
  contextValues: ContextValues | undefined,
): void {
  const { rpc, tracker } = route;
  if (rpc.method.methodKind === "bidi_streaming" && request.httpVersionMajor < 2) {
    return refuse(response, 505);
  }
  if (request.method !== "POST") return refuse(response, 405, { allow: "POST" });
  const offer = matchProtocol(route, request.headers["content-type"]);
  if (!offer) return refuse(response, 415, { "accept-post": acceptPost(route) });
  const wire = isHttp2(response)
    ? new Http2ServerWire(response, halfCloseGrace(route))
    : new Http1ServerWire(request as IncomingMessage, response);
  const head = new NodeRequestHead(request, url, contextValues);
  const { shutdownSignal } = rpc.options;
  const call = new WireCall(rpc, offer.protocol, offer.binary, head, wire, (ended) =>
    tracker.remove(ended, shutdownSignal),
  );
  tracker.add(call, shutdownSignal);
  wire.attach(call);
  call.start();
}

/** Only where a client sends a stream can a cancel be taken for its end. */
function halfCloseGrace({ rpc, halfCloseGraceMs }: StreamRoute): number | undefined {
  return rpc.method.methodKind === "server_streaming" ? undefined : halfCloseGraceMs;
}

function matchProtocol(
  { protocolNames }: StreamRoute,
  contentType: string | undefined,
): { protocol: ServerProtocol; binary: boolean } | undefined {
  for (const protocol of protocols) {
    const type = protocol.parseContentType(contentType ?? null);
    if (type && protocolNames.includes(protocol.name)) return { protocol, binary: type.binary };
  }
  return undefined;
}

function acceptPost({ protocolNames }: StreamRoute): string {
  return protocols
    .filter(({ name }) => protocolNames.includes(name))
    .flatMap((protocol) => [protocol.contentType(true), protocol.contentType(false)])
    .join(", ");
}
