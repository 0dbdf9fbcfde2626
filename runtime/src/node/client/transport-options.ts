// SPDX-License-Identifier: Apache-2.0
import { sendCompression, sharedOptions } from "../../options/connect-options.js";
import {
  booleanOption,
  checkedElsewhere,
  numberFrom,
  type Setting,
  type Settings,
  valueThat,
  wholeFrom,
} from "../../options/declare.js";
import type { StreamTransportOptions } from "./stream-transport.js";

type KeyOf<T> = T extends unknown ? keyof T : never;

/** With `connectTimeoutMs`, which came with Connect 2.3. */
type TransportOption = KeyOf<StreamTransportOptions> | "connectTimeoutMs";

/** More connections than this to one server are a mistake. */
const MOST_CONNECTIONS = 1000;

/** The option `maxHeaderBytes`, and what stands for it in Node's options. */
export const responseHeaderBytes: Setting = wholeFrom(1024, 2 ** 24);

const positive = numberFrom(Number.MIN_VALUE, Number.POSITIVE_INFINITY);
const notNegative = numberFrom(0, Number.POSITIVE_INFINITY);

/** The options of `createStreamTransport`, over HTTP/1.1 and HTTP/2. */
export const transportOptions: Settings<TransportOption> = {
  ...sharedOptions,
  baseUrl: checkedElsewhere,
  protocol: checkedElsewhere,
  httpVersion: checkedElsewhere,
  nodeOptions: checkedElsewhere,
  sessionManager: checkedElsewhere,
  useBinaryFormat: booleanOption,
  useHttpGet: booleanOption,
  sendCompression,
  defaultTimeoutMs: notNegative,
  connectTimeoutMs: positive,
  maxConnections: wholeFrom(1, MOST_CONNECTIONS),
  loadBalancing: valueThat(
    '"pick-first" or "round-robin"',
    (value) => value === "pick-first" || value === "round-robin",
  ),
  maxHeaderBytes: responseHeaderBytes,
  pingIntervalMs: positive,
  pingTimeoutMs: positive,
  pingIdleConnection: booleanOption,
  idleConnectionTimeoutMs: notNegative,
};
