// SPDX-License-Identifier: Apache-2.0
import type { ConnectRouter, ConnectRouterOptions, ContextValues } from "@connectrpc/connect";
import { hostOptions } from "../options/connect-options.js";
import type { CorsOptions } from "../options/cors.js";
import { checkOptions } from "../options/declare.js";
import { DEFAULT_READ_MAX_BYTES } from "../options/message-size.js";
import { definedOnly } from "../options/settings.js";
import { createRequestHandler } from "../server/request-handler.js";
import { compressionGzip } from "./compression.js";
import { FetchExchange } from "./exchange.js";

/**
 * Options of `createFetchHandler`: those of `streamNodeAdapter`, except `grpc`. `Args`: what the
 * host passes beside the request, such as the `env` of a Worker.
 */
export interface FetchHandlerOptions<Args extends unknown[] = []>
  extends Omit<ConnectRouterOptions, "grpc"> {
  /** Registers services on a router. */
  routes(router: ConnectRouter): void;

  /** Prefix of all paths, such as "/api". Default: none. */
  requestPathPrefix?: string;

  /** Answers requests that match no route. Default: 404. */
  fallback?: (request: Request, ...args: Args) => Response | Promise<Response>;

  /** Makes the context values of a call. */
  contextValues?: (request: Request, ...args: Args) => ContextValues;

  /**
   * The largest message to accept, in bytes, before and after decompression. Default: 4 MiB, as
   * with gRPC; Connect's own default is 4 GiB, which lets any client fill the memory.
   */
  readMaxBytes?: number;

  /**
   * Compresses messages of this many bytes and more, for clients that accept it. Default: never.
   * Compressed messages of clients are always read.
   */
  compressMinBytes?: number;

  /** Lets pages of other origins call. Default: none. */
  cors?: CorsOptions;

  /** Answers GET and HEAD with 200 at this path while the server takes calls. Default: none. */
  healthPath?: string;

  /** Aborts when the server begins to drain. Handlers have it as `context.drainSignal`. */
  drainSignal?: AbortSignal;

  /**
   * How long the end of a client's stream is held back, in milliseconds, in case the client did not
   * half-close but cancel. Default: 0, which means two turns of the event loop: enough without a
   * proxy.
   */
  halfCloseGraceMs?: number;
}

/** Answers a request. Never rejects. */
export type FetchHandler<Args extends unknown[] = []> = (
  request: Request,
  ...args: Args
) => Promise<Response>;

/**
 * A handler for hosts that take a `Request` and give a `Response`: Workers, `Deno.serve`, `Bun.serve`,
 * Next.js, Hono. Serves Connect and gRPC-Web clients. gRPC needs HTTP trailers, which a `Response`
 * does not have: its requests are answered with 415.
 *
 * It resolves when the response begins; the body of the response is the stream. Throws a
 * `RangeError` for an invalid option.
 */
export function createFetchHandler<Args extends unknown[] = []>(
  given: FetchHandlerOptions<Args>,
): FetchHandler<Args> {
  const options = definedOnly(given);
  checkOptions(hostOptions, options);
  const { contextValues, fallback, halfCloseGraceMs = 0 } = options;
  const handle = createRequestHandler({
    ...options,
    grpc: false,
    hasFallback: fallback !== undefined,
    protocols: ["grpc-web", "connect"],
    acceptCompression: options.acceptCompression ?? [compressionGzip],
    readMaxBytes: options.readMaxBytes ?? DEFAULT_READ_MAX_BYTES,
  });
  return async (request, ...args) => {
    try {
      const values = contextValues && (() => contextValues(request, ...args));
      const exchange = new FetchExchange(request, values, halfCloseGraceMs);
      if (handle(exchange)) return await exchange.response;
      return fallback ? await fallback(request, ...args) : new Response(null, { status: 404 });
    } catch (error) {
      // A `contextValues` or a fallback that throws fails one request, not the host.
      console.error(`request for ${request.url} failed:`, error);
      return new Response(null, { status: 500 });
    }
  };
}
