// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Connect's options. It takes most of them as they are: `NaN` is no limit. */
import type { ConnectRouterOptions } from "@connectrpc/connect";
import {
  booleanOption,
  checkedElsewhere,
  functionOption,
  type Setting,
  type Settings,
  valueThat,
  wholeFrom,
} from "./declare.js";
import { messageBytes } from "./message-size.js";
import { invalidOption, isObject } from "./settings.js";
import { MAX_TIMER_MS } from "./timeouts.js";

type Compression = NonNullable<ConnectRouterOptions["acceptCompression"]>[number];

const COMPRESSIONS = "compressions, such as compressionGzip of @connectrpc/connect-node";

type SharedOption = Extract<
  keyof ConnectRouterOptions,
  | "readMaxBytes"
  | "writeMaxBytes"
  | "compressMinBytes"
  | "interceptors"
  | "acceptCompression"
  | "jsonOptions"
  | "binaryOptions"
>;

/** Options that servers, services and transports have in common. */
export const sharedOptions: Settings<SharedOption> = {
  readMaxBytes: messageBytes,
  writeMaxBytes: messageBytes,
  // With 0, Connect leaves empty unary messages as they are; -1 is for all.
  compressMinBytes: wholeFrom(-1, Number.MAX_SAFE_INTEGER),
  interceptors: listOf("functions", (item) => typeof item === "function"),
  acceptCompression: listOf(COMPRESSIONS, isCompression),
  jsonOptions: checkedElsewhere,
  binaryOptions: checkedElsewhere,
};

/** The compression of a transport's requests. */
export const sendCompression: Setting = valueThat(
  `one of ${COMPRESSIONS}`,
  (value) => value === null || isCompression(value),
);

/** With `requestGate`, which came with Connect 2.2. */
export type RouterOption = keyof ConnectRouterOptions | "requestGate";

/** Options of Connect's routers, which servers and services have. */
export const routerOptions: Settings<RouterOption> = {
  ...sharedOptions,
  maxTimeoutMs: wholeFrom(1, Number.MAX_SAFE_INTEGER),
  grpc: booleanOption,
  grpcWeb: booleanOption,
  connect: booleanOption,
  requestGate: functionOption,
  requireConnectProtocolHeader: booleanOption,
  shutdownSignal: checkedElsewhere,
};

/** What every host of a router adds. */
export type HostOption =
  | "routes"
  | "fallback"
  | "requestPathPrefix"
  | "contextValues"
  | "halfCloseGraceMs"
  | "cors"
  | "healthPath";

/** Of `streamNodeAdapter`, `serve` and `createFetchHandler`. */
export const hostOptions: Settings<RouterOption | HostOption> = {
  routes: { ...functionOption, required: true },
  fallback: functionOption,
  requestPathPrefix: valueThat("a string", (value) => typeof value === "string"),
  contextValues: functionOption,
  halfCloseGraceMs: wholeFrom(0, MAX_TIMER_MS),
  cors: checkedElsewhere,
  healthPath: valueThat(
    'a path such as "/healthz"',
    (value) => typeof value === "string" && value.startsWith("/"),
  ),
  ...routerOptions,
};

function isCompression(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { name, compress, decompress }: Partial<Record<keyof Compression, unknown>> = value;
  const works = typeof compress === "function" && typeof decompress === "function";
  return works && typeof name === "string";
}

function listOf(ofWhat: string, isOne: (item: unknown) => boolean): Setting {
  return {
    check(option, list) {
      if (!Array.isArray(list)) throw invalidOption(option, `a list of ${ofWhat}`, list);
      for (const [i, item] of list.entries()) {
        if (!isOne(item)) throw invalidOption(`${option}[${i}]`, `one of ${ofWhat}`, item);
      }
    },
  };
}
