// SPDX-License-Identifier: Apache-2.0

import { Code } from "@connectrpc/connect";
import type { Attributes } from "@opentelemetry/api";
import {
  ATTR_CLIENT_ADDRESS,
  ATTR_CLIENT_PORT,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_RPC_METHOD,
  ATTR_RPC_SYSTEM_NAME,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  RPC_SYSTEM_NAME_VALUE_GRPC,
} from "@opentelemetry/semantic-conventions";
import type { ObservedCall } from "../api/observer.js";
import { RPC_SYSTEM_NAME_VALUE_CONNECTRPC } from "./names.js";

/** The RPC's name in the conventions, which is also that of its spans. */
export function methodName({ method }: ObservedCall): string {
  return `${method.parent.typeName}/${method.name}`;
}

/** What all that is told of a call has: its system and its method. */
export function rpcAttributes(call: ObservedCall): Attributes {
  return { [ATTR_RPC_SYSTEM_NAME]: systemOf(call), [ATTR_RPC_METHOD]: methodName(call) };
}

/** gRPC-Web is gRPC with another framing. A transport that does not tell is one of Connect's. */
function systemOf({ protocol }: ObservedCall): string {
  return protocol === "grpc" || protocol === "grpc-web"
    ? RPC_SYSTEM_NAME_VALUE_GRPC
    : RPC_SYSTEM_NAME_VALUE_CONNECTRPC;
}

const defaultPorts: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/** Where a call goes, as far as that is known. */
export function serverAttributes({ url }: ObservedCall): Attributes {
  const parsed = parse(url);
  if (!parsed) return {};
  const { hostname, port, protocol } = parsed;
  const number = port === "" ? defaultPorts[protocol] : Number(port);
  return {
    // IPv6 addresses have brackets in URLs, and none here.
    [ATTR_SERVER_ADDRESS]: hostname.replace(/^\[|\]$/g, ""),
    ...(number !== undefined && { [ATTR_SERVER_PORT]: number }),
  };
}

function parse(url: string | undefined): URL | undefined {
  try {
    return url === undefined ? undefined : new URL(url);
  } catch {
    return undefined;
  }
}

/** Who is at the other end of the connection, as far as that is known. */
export function peerAttributes({ peer }: ObservedCall): Attributes {
  if (!peer) return {};
  return {
    [ATTR_NETWORK_PEER_ADDRESS]: peer.address,
    [ATTR_NETWORK_PEER_PORT]: peer.port,
    [ATTR_CLIENT_ADDRESS]: peer.address,
    [ATTR_CLIENT_PORT]: peer.port,
  };
}

/**
 * A status code as the protocol writes it. Connect has none for success.
 * https://opentelemetry.io/docs/specs/semconv/rpc/grpc/
 * https://opentelemetry.io/docs/specs/semconv/rpc/connect-rpc/
 */
export function statusCode(call: ObservedCall, code: Code | undefined): string | undefined {
  const grpc = systemOf(call) === RPC_SYSTEM_NAME_VALUE_GRPC;
  if (code === undefined) return grpc ? "OK" : undefined;
  const name = (Code[code] ?? String(code)).replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
  if (!grpc) return name;
  return code === Code.Canceled ? "CANCELLED" : name.toUpperCase();
}

const serverErrors: ReadonlySet<Code> = new Set([
  Code.Unknown,
  Code.DeadlineExceeded,
  Code.Unimplemented,
  Code.Internal,
  Code.Unavailable,
  Code.DataLoss,
]);

/** Whether a call that ended with `code` failed, as the conventions have it. */
export function isConventionalError({ side }: ObservedCall, code: Code): boolean {
  return side === "client" || serverErrors.has(code);
}
