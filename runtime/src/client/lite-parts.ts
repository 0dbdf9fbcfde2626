// SPDX-License-Identifier: Apache-2.0
import { callTimeout, clientTimeout } from "../options/call-timeout.js";
import type { Setting } from "../options/declare.js";
import type { CallPolicy } from "../options/policy.js";
import type { CallParts } from "./parts.js";

/** Options whose code is left out. */
const leftOut: Readonly<Record<Exclude<keyof CallPolicy, "timeoutMs"> | "observer", true>> = {
  retry: true,
  timeouts: true,
  limits: true,
  queues: true,
  observer: true,
};

/** Clients without options that need code of their own: setting one throws a `RangeError`. */
export const liteParts: CallParts = {
  checkClient: (options) => check(clientTimeout, options),
  resolveClient(_scope, schema, options) {
    if (schema) check(clientTimeout, schema);
    return joined(schema, options);
  },
  resolveCall(_scope, client, options) {
    check(callTimeout, options);
    return joined(client, options);
  },
};

function check(timeout: Setting, options: CallPolicy): void {
  if (options.timeoutMs !== undefined) timeout.check("timeoutMs", options.timeoutMs);
  const name = Object.keys(leftOut).find((key) => Reflect.get(options, key));
  if (name === undefined) return;
  throw new RangeError(`${name} is not in this bundle: the condition connect-stream-lite is set`);
}

function joined(general: CallPolicy | undefined, particular: CallPolicy): CallPolicy {
  return { timeoutMs: particular.timeoutMs ?? general?.timeoutMs };
}
