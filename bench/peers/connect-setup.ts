// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { compressionGzip } from "@connectrpc/connect-node";
import { AUTHORIZATION, COMPRESS_MIN_BYTES, type Setup } from "./peer.js";

/** What the options of Connect's adapters and transports, and of ours, say of compression. */
interface CompressionOptions {
  readonly acceptCompression?: (typeof compressionGzip)[];
  readonly compressMinBytes?: number;
}

/** The server's side of a setup's compression. By default, nothing is said. */
export function serverCompression({ compression }: Setup): CompressionOptions {
  switch (compression) {
    case "default":
      return {};
    case "identity":
      return { acceptCompression: [] };
    case "gzip":
      return { acceptCompression: [compressionGzip], compressMinBytes: COMPRESS_MIN_BYTES };
  }
}

/** The client's side: what it accepts. Its requests are small in all cases that compress. */
export function clientCompression({ compression }: Setup): CompressionOptions {
  switch (compression) {
    case "default":
      return {};
    case "identity":
      return { acceptCompression: [] };
    case "gzip":
      return { acceptCompression: [compressionGzip] };
  }
}

const authenticate: Interceptor = (next) => (request) => {
  if (request.header.get("authorization") === AUTHORIZATION) return next(request);
  throw new ConnectError("who are you?", Code.Unauthenticated);
};

/** The server's interceptor, where the setup has one. */
export function serverAuth({ auth }: Setup): { interceptors?: Interceptor[] } {
  return auth ? { interceptors: [authenticate] } : {};
}

/** A call's options that satisfy the interceptor. */
export function callHeaders({ auth }: Setup): { headers: Record<string, string> } | undefined {
  return auth ? { headers: { authorization: AUTHORIZATION } } : undefined;
}
