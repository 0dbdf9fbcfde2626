// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The options of streams and clients, by where they are set. A group is one entry. */
import { callTimeout, clientTimeout } from "./call-timeout.js";
import { type Setting, type Settings, valueThat } from "./declare.js";
import { limits, type StreamLimits } from "./limits.js";
import { queues, type StreamQueues } from "./queues.js";
import { type RetryPolicy, retry } from "./retry.js";
import { type StreamTimeouts, timeouts } from "./timeouts.js";

/** What a schema, a service, a client and a call have in common. */
export interface StreamPolicy {
  readonly timeouts?: StreamTimeouts | undefined;
  readonly limits?: StreamLimits | undefined;
  readonly queues?: StreamQueues | undefined;
}

/** What a schema, a client and a call have in common. */
export interface CallPolicy extends StreamPolicy {
  readonly timeoutMs?: number | undefined;
  readonly retry?: RetryPolicy | false | undefined;
}

/** Of each side of an RPC. */
export const streamPolicy: Settings<keyof StreamPolicy> = { timeouts, limits, queues };

/** Of one call. */
export const callOptions: Settings<keyof CallPolicy> = {
  timeoutMs: callTimeout,
  retry,
  ...streamPolicy,
};

/** An observer of calls. */
export const observer: Setting = valueThat("an object with a method open", (value) => {
  const holds = (typeof value === "object" || typeof value === "function") && value !== null;
  return holds && "open" in value && typeof value.open === "function";
});

/** Of a client. */
export const clientOptions: Settings<keyof CallPolicy | "observer"> = {
  ...callOptions,
  timeoutMs: clientTimeout,
  observer,
};
