// SPDX-License-Identifier: Apache-2.0
import type { Group, Settings, Side } from "./declare.js";
import { clientOptions, streamPolicy } from "./policy.js";
import { milliseconds } from "./timeouts.js";

const { observer: _, ...clientPolicy } = clientOptions;

/** What a schema may say of an RPC, but for errors and initial metadata: `MethodPolicy`. */
export const schemaPolicy: Settings<Side | "heartbeat", Group> = {
  server: { settings: streamPolicy },
  client: { settings: clientPolicy },
  heartbeat: { settings: { intervalMs: { ...milliseconds, required: true } } },
};
