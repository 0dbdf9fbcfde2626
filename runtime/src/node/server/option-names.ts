// SPDX-License-Identifier: Apache-2.0
import type { ServeOptions } from "./serve-options.js";
import type { StreamNodeAdapterOptions } from "./stream-node-adapter.js";

/** With `requestGate`, which came with Connect 2.2. */
type AdapterOption = keyof StreamNodeAdapterOptions | "requestGate";

/** A record, so that the compiler knows when one is missing. */
const adapterOptions: Readonly<Record<AdapterOption, true>> = {
  routes: true,
  fallback: true,
  requestPathPrefix: true,
  contextValues: true,
  grpc: true,
  grpcWeb: true,
  connect: true,
  interceptors: true,
  requestGate: true,
  acceptCompression: true,
  compressMinBytes: true,
  readMaxBytes: true,
  writeMaxBytes: true,
  jsonOptions: true,
  binaryOptions: true,
  maxTimeoutMs: true,
  shutdownSignal: true,
  requireConnectProtocolHeader: true,
  halfCloseGraceMs: true,
  cors: true,
  healthPath: true,
  drainSignal: true,
};

const listenerOptions: Readonly<Record<Exclude<keyof ServeOptions, AdapterOption>, true>> = {
  host: true,
  port: true,
  path: true,
  tls: true,
  maxConcurrentStreams: true,
  maxHeaderBytes: true,
  idleTimeoutMs: true,
  keepAlive: true,
  maxConnectionAgeMs: true,
  maxConnectionAgeGraceMs: true,
  onConnectionError: true,
  resetLimit: true,
  http2: true,
};

/** The options of `streamNodeAdapter`. */
export const adapterOptionNames: readonly string[] = Object.keys(adapterOptions);

/** The options of `serve`. */
export const serveOptionNames: readonly string[] = [
  ...Object.keys(listenerOptions),
  ...adapterOptionNames,
];
