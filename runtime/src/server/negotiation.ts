// SPDX-License-Identifier: Apache-2.0
import { ConnectError } from "@connectrpc/connect";
import { NEVER_COMPRESS } from "../options/message-size.js";
import { type Compression, compressionNegotiate } from "../protocol/connect-internals.js";
import type { Field, Fields } from "../protocol/fields.js";
import type { ServerProtocol } from "../protocol/protocol.js";
import type { RequestHead } from "./context.js";
import type { ServedRpc } from "./pipeline.js";

/** What a request asks for, and what its protocol says to it. */
export interface Terms {
  readonly timeoutMs: number | undefined;
  readonly request: Compression | null;
  readonly response: Compression | null;
  /** Why the call cannot be served as asked. */
  readonly error: ConnectError | undefined;
}

const plainTerms: Terms = {
  timeoutMs: undefined,
  request: null,
  response: null,
  error: undefined,
};

/**
 * Reads deadline, compression and version from the head of a request. `encoding`: how the request is
 * compressed, where no header says it.
 */
export function negotiate(
  { options }: ServedRpc,
  protocol: ServerProtocol,
  head: RequestHead,
  encoding: string | null = head.get(protocol.encoding) ?? null,
): Terms {
  const timeoutValue = head.get(protocol.timeout);
  const { acceptCompression, compressMinBytes, maxTimeoutMs } = options;
  const compresses = compressMinBytes < NEVER_COMPRESS;
  const version = options.requireConnectProtocolHeader
    ? attempt(() => protocol.requireVersion(head))
    : undefined;
  if (!compresses && encoding === null && timeoutValue === undefined && !version) return plainTerms;
  const { request, response, error } = compressionNegotiate(
    acceptCompression,
    encoding,
    head.get(protocol.acceptEncoding) ?? null,
    protocol.acceptEncoding,
  );
  const timeout = protocol.parseTimeout(timeoutValue ?? null, maxTimeoutMs);
  return {
    timeoutMs: timeout.timeoutMs,
    request,
    response: compresses ? response : null,
    error: version ?? error ?? timeout.error,
  };
}

const headers = new WeakMap<ServerProtocol, Map<string, Fields>>();

/** What a response begins with, whatever the handler adds: the same list for the same arguments. */
export function responseHeader(
  protocol: ServerProtocol,
  binary: boolean,
  compression: Compression | null,
): Fields {
  const known = headers.get(protocol) ?? new Map<string, Fields>();
  headers.set(protocol, known);
  const key = `${binary} ${compression?.name ?? ""}`;
  const fields = known.get(key) ?? createHeader(protocol, binary, compression);
  known.set(key, fields);
  return fields;
}

function createHeader(
  protocol: ServerProtocol,
  binary: boolean,
  compression: Compression | null,
): Fields {
  const contentType: Field = ["content-type", protocol.contentType(binary)];
  // Frozen, so that a wire may prepare it once.
  return Object.freeze(
    compression ? [contentType, [protocol.encoding, compression.name]] : [contentType],
  );
}

function attempt(check: () => void): ConnectError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return ConnectError.from(error);
  }
}
