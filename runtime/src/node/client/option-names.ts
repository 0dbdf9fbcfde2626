// SPDX-License-Identifier: Apache-2.0
import type { StreamTransportOptions } from "./stream-transport.js";

type KeyOf<T> = T extends unknown ? keyof T : never;

/** With `connectTimeoutMs`, which came with Connect 2.3. */
type TransportOption = KeyOf<StreamTransportOptions> | "connectTimeoutMs";

/** A record, so that the compiler knows when one is missing. */
const transportOptions: Readonly<Record<TransportOption, true>> = {
  baseUrl: true,
  protocol: true,
  httpVersion: true,
  nodeOptions: true,
  sessionManager: true,
  useBinaryFormat: true,
  useHttpGet: true,
  interceptors: true,
  jsonOptions: true,
  binaryOptions: true,
  acceptCompression: true,
  sendCompression: true,
  compressMinBytes: true,
  readMaxBytes: true,
  writeMaxBytes: true,
  defaultTimeoutMs: true,
  connectTimeoutMs: true,
  maxConnections: true,
  loadBalancing: true,
  maxHeaderBytes: true,
  pingIntervalMs: true,
  pingTimeoutMs: true,
  pingIdleConnection: true,
  idleConnectionTimeoutMs: true,
};

/** The options of `createStreamTransport`, over HTTP/1.1 and HTTP/2. */
export const transportOptionNames: readonly string[] = Object.keys(transportOptions);
