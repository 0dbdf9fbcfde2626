// SPDX-License-Identifier: Apache-2.0
import type { Transport } from "@connectrpc/connect";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import { createStreamTransport } from "connect-stream/node";
import type { ClientCompatRequest } from "../../../.tmp/conformance/gen/connectrpc/conformance/v1/client_compat_pb.js";
import {
  Codec,
  Compression,
  HTTPVersion,
  Protocol,
} from "../../../.tmp/conformance/gen/connectrpc/conformance/v1/config_pb.js";
import { registry } from "./convert.js";

const protocols: Partial<Record<Protocol, "connect" | "grpc" | "grpc-web">> = {
  [Protocol.CONNECT]: "connect",
  [Protocol.GRPC]: "grpc",
  [Protocol.GRPC_WEB]: "grpc-web",
};

const compressions: Partial<Record<Compression, typeof compressionGzip>> = {
  [Compression.GZIP]: compressionGzip,
  [Compression.BR]: compressionBrotli,
};

const known = new Map<string, Transport>();

/** A transport as a request asks for it. One serves all calls of its kind, as in a real client. */
export function transportFor(request: ClientCompatRequest): Transport {
  const key = JSON.stringify([
    request.host,
    request.port,
    request.protocol,
    request.httpVersion,
    request.codec,
    request.compression,
    request.useGetHttpMethod,
    request.messageReceiveLimit,
    Buffer.from(request.serverTlsCert).toString("latin1"),
    Buffer.from(request.clientTlsCreds?.cert ?? []).toString("latin1"),
  ]);
  const transport = known.get(key) ?? createTransport(request);
  known.set(key, transport);
  return transport;
}

function createTransport(request: ClientCompatRequest): Transport {
  const { host, port, serverTlsCert, clientTlsCreds, messageReceiveLimit } = request;
  const protocol = protocols[request.protocol];
  if (!protocol) throw new Error(`no such protocol: ${request.protocol}`);
  const compression = compressions[request.compression];
  return createStreamTransport({
    protocol,
    httpVersion: request.httpVersion === HTTPVersion.HTTP_VERSION_1 ? "1.1" : "2",
    baseUrl: `${serverTlsCert.length > 0 ? "https" : "http"}://${host}:${port}`,
    useBinaryFormat: request.codec === Codec.PROTO,
    useHttpGet: request.useGetHttpMethod,
    sendCompression: compression ?? null,
    acceptCompression: compression ? [compression] : [],
    // The suite expects even empty messages to be compressed; Connect leaves those out at 0.
    compressMinBytes: -1,
    ...(messageReceiveLimit > 0 && { readMaxBytes: messageReceiveLimit }),
    jsonOptions: { registry },
    nodeOptions: {
      ...(serverTlsCert.length > 0 && { ca: Buffer.from(serverTlsCert) }),
      ...(clientTlsCreds && {
        key: Buffer.from(clientTlsCreds.key),
        cert: Buffer.from(clientTlsCreds.cert),
      }),
    },
  } as Parameters<typeof createStreamTransport>[0]);
}
