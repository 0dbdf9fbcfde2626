// SPDX-License-Identifier: Apache-2.0
import { ConnectError } from "@connectrpc/connect";
import { type Compression, compressionNegotiate } from "../protocol/connect-internals.js";
import type { Fields } from "../protocol/fields.js";
import type { ServerProtocol } from "../protocol/protocol.js";
import type { RequestHead } from "./context.js";
import type { ServedRpc } from "./resolve-rpc.js";

/** What a request asked for, and what its protocol said to it. */
export interface Terms {
  readonly timeoutMs: number | undefined;
  readonly request: Compression | null;
  readonly response: Compression | null;
  /** Why the call cannot be served as asked. */
  readonly error: ConnectError | undefined;
}

/** Reads deadline, compression and version from the head of a request. */
export function negotiate(rpc: ServedRpc, protocol: ServerProtocol, head: RequestHead): Terms {
  const { acceptCompression, maxTimeoutMs, requireConnectProtocolHeader } = rpc.options;
  const field = (name: string) => head.get(name.toLowerCase()) ?? null;
  const timeout = protocol.parseTimeout(field(protocol.timeout), maxTimeoutMs);
  const { request, response, error } = compressionNegotiate(
    acceptCompression,
    field(protocol.encoding),
    field(protocol.acceptEncoding),
    protocol.acceptEncoding,
  );
  const version = requireConnectProtocolHeader
    ? attempt(() => protocol.requireVersion(head.header))
    : undefined;
  return {
    timeoutMs: timeout.timeoutMs,
    request,
    response,
    error: version ?? error ?? timeout.error,
  };
}

/** What a response begins with, whatever the handler adds. */
export function responseHeader(
  protocol: ServerProtocol,
  binary: boolean,
  compression: Compression | null,
): Fields {
  const contentType = ["content-type", protocol.contentType(binary)] as const;
  return compression
    ? [contentType, [protocol.encoding.toLowerCase(), compression.name] as const]
    : [contentType];
}

function attempt(check: () => void): ConnectError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return ConnectError.from(error);
  }
}
