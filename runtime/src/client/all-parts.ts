// SPDX-License-Identifier: Apache-2.0
import { checkOptions, resolve } from "../options/declare.js";
import { type CallPolicy, callOptions, clientOptions } from "../options/policy.js";
import { callQueues } from "../protocol/call-queues.js";
import { messageSizes } from "../protocol/message-size.js";
import { observed } from "./observe.js";
import type { CallParts } from "./parts.js";
import { resolveRetry } from "./retry/retry-settings.js";
import { RetryingCall } from "./retry/retrying-call.js";
import { limitTime } from "./time-limits.js";

/** All that options of clients and calls may ask for. */
export const allParts: CallParts = {
  checkClient: (options) => checkOptions(clientOptions, options),
  resolveClient: (scope, schema, options) =>
    resolve<CallPolicy>(clientOptions, scope, schema, options),
  resolveCall: (scope, client, options) => resolve<CallPolicy>(callOptions, scope, client, options),
  retry(transport, policy) {
    const settings = resolveRetry(transport, policy);
    return settings && ((method, open, init) => new RetryingCall(open, method, init, settings));
  },
  observe: observed,
  limitTime,
  queues: callQueues,
  sizes: messageSizes,
};
