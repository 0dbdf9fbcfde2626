// SPDX-License-Identifier: Apache-2.0
import { resolveLimits, type StreamLimits } from "./limits.js";
import { resolveQueues, type StreamQueues } from "./queues.js";
import { resolveTimeouts, type StreamTimeouts } from "./timeouts.js";

/**
 * The groups of settings that a schema, a service, a client and a call have in common. Each is
 * declared, with its checks, in the file of its name; a new group is one more here.
 */
export interface StreamPolicy {
  readonly timeouts?: StreamTimeouts | undefined;
  readonly limits?: StreamLimits | undefined;
  readonly queues?: StreamQueues | undefined;
}

/** A policy of which every group has been looked at. */
export type ResolvedPolicy = { readonly [G in keyof Required<StreamPolicy>]: StreamPolicy[G] };

/**
 * What is set in general, and what in particular, joined key by key; `undefined` overrides nothing.
 * The schema is more general than a service or a client, and these than a call. Throws a `RangeError`
 * for what is invalid in the particular; the general was checked where it was set.
 */
export function resolvePolicy(
  general: StreamPolicy | undefined,
  particular: StreamPolicy,
): ResolvedPolicy {
  return {
    timeouts: resolveTimeouts(general?.timeouts, particular.timeouts),
    limits: resolveLimits(general?.limits, particular.limits),
    queues: resolveQueues(general?.queues, particular.queues),
  };
}
