// SPDX-License-Identifier: Apache-2.0
import type { ConnectRouterOptions, Interceptor } from "@connectrpc/connect";
import { MAX_MESSAGE_BYTES } from "./message-size.js";
import { assertInteger, invalidOption, isObject } from "./settings.js";

type Compression = NonNullable<ConnectRouterOptions["acceptCompression"]>[number];

/** What servers, services and transports have in common of Connect's options. */
export interface ConnectOptions
  extends Pick<
    ConnectRouterOptions,
    "readMaxBytes" | "writeMaxBytes" | "compressMinBytes" | "maxTimeoutMs"
  > {
  readonly interceptors?: Interceptor[] | undefined;
  readonly acceptCompression?: Compression[] | undefined;
  readonly sendCompression?: Compression | null | undefined;
}

/** The settings that are whole numbers, from where and to where. */
const numbers = [
  ["readMaxBytes", 1, MAX_MESSAGE_BYTES],
  ["writeMaxBytes", 1, MAX_MESSAGE_BYTES],
  // With 0, Connect leaves empty unary messages as they are; -1 is for all.
  ["compressMinBytes", -1, Number.MAX_SAFE_INTEGER],
  ["maxTimeoutMs", 1, Number.MAX_SAFE_INTEGER],
] as const;

/**
 * Throws a `RangeError` for an invalid option of Connect. Connect takes most of them as they
 * are, and a limit that is no number is none.
 */
export function checkConnectOptions(options: ConnectOptions): void {
  for (const [name, min, max] of numbers) {
    const value = options[name];
    if (value !== undefined) assertInteger(name, value, min, max);
  }
  checkList(
    "interceptors",
    options.interceptors,
    "functions",
    (item) => typeof item === "function",
  );
  checkList("acceptCompression", options.acceptCompression, COMPRESSIONS, isCompression);
  const { sendCompression } = options;
  if (sendCompression === undefined || sendCompression === null) return;
  if (!isCompression(sendCompression)) {
    throw invalidOption("sendCompression", `one of ${COMPRESSIONS}`, sendCompression);
  }
}

const COMPRESSIONS = "compressions, such as compressionGzip of @connectrpc/connect-node";

function isCompression(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { name, compress, decompress }: Partial<Record<keyof Compression, unknown>> = value;
  const works = typeof compress === "function" && typeof decompress === "function";
  return works && typeof name === "string";
}

function checkList(
  option: string,
  list: unknown,
  ofWhat: string,
  isOne: (item: unknown) => boolean,
): void {
  if (list === undefined) return;
  if (!Array.isArray(list)) throw invalidOption(option, `a list of ${ofWhat}`, list);
  for (const [i, item] of list.entries()) {
    if (!isOne(item)) throw invalidOption(`${option}[${i}]`, `one of ${ofWhat}`, item);
  }
}
