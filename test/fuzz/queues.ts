// SPDX-License-Identifier: Apache-2.0
import type { StreamQueues } from "connect-stream";

/** Queues that a few messages fill, of each kind, and none. */
export const queueSettings: readonly StreamQueues[] = [
  {},
  { send: { maxMessages: 1 }, receive: { maxMessages: 1 } },
  { send: { maxBytes: 1 }, receive: { maxBytes: 1 } },
  {
    send: { maxMessages: 1, whenFull: "drop-oldest" },
    receive: { maxMessages: 1, whenFull: "drop-oldest" },
  },
  { send: { maxMessages: 1, whenFull: "fail" }, receive: { maxMessages: 1, whenFull: "fail" } },
];
