// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Connect's options. It takes most of them as they are: `NaN` is no limit. */
import type { ConnectRouterOptions } from "@connectrpc/connect";
import {
  functionOption,
  numberFrom,
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

/** Options that servers, services and transports have in common. */
export const connectOptions: Settings = {
  readMaxBytes: messageBytes,
  writeMaxBytes: messageBytes,
  // With 0, Connect leaves empty unary messages as they are; -1 is for all.
  compressMinBytes: wholeFrom(-1, Number.MAX_SAFE_INTEGER),
  maxTimeoutMs: wholeFrom(1, Number.MAX_SAFE_INTEGER),
  interceptors: listOf("functions", (item) => typeof item === "function"),
  acceptCompression: listOf(COMPRESSIONS, isCompression),
  sendCompression: valueThat(
    `one of ${COMPRESSIONS}`,
    (value) => value === null || isCompression(value),
  ),
};

/** Of `streamNodeAdapter`, and of `serve`. */
export const adapterOptions: Settings = {
  routes: { ...functionOption, required: true },
  halfCloseGraceMs: wholeFrom(0, MAX_TIMER_MS),
  ...connectOptions,
};

const positive = numberFrom(Number.MIN_VALUE, Number.POSITIVE_INFINITY);
const notNegative = numberFrom(0, Number.POSITIVE_INFINITY);

/** Of `createStreamTransport`, but for what chooses the protocol and the server. */
export const transportOptions: Settings = {
  ...connectOptions,
  defaultTimeoutMs: notNegative,
  pingIntervalMs: positive,
  pingTimeoutMs: positive,
  idleConnectionTimeoutMs: notNegative,
  connectTimeoutMs: positive,
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
