// SPDX-License-Identifier: Apache-2.0
import type { IncomingHttpHeaders } from "node:http";
import { MAX_TIMER_MS } from "../../call/timers.js";

const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/**
 * Lowers a deadline that no timer can hold. Connect sets a timer for it all the same, which then
 * fires at once. Deadlines that are malformed stay as they are, for Connect to refuse.
 * https://github.com/connectrpc/connect-es/blob/v2.1.2/packages/connect/src/protocol/signals.ts
 */
export function capTimeout(headers: IncomingHttpHeaders): void {
  const grpc = /^(\d{1,8})([HMSmun])$/.exec(String(headers["grpc-timeout"] ?? ""));
  if (grpc && Number(grpc[1]) * (unitMs[grpc[2] ?? ""] ?? 0) > MAX_TIMER_MS) {
    headers["grpc-timeout"] = `${Math.floor(MAX_TIMER_MS / 1000)}S`;
  }
  const connect = /^\d{1,10}$/.exec(String(headers["connect-timeout-ms"] ?? ""));
  if (connect && Number(connect[0]) > MAX_TIMER_MS) {
    headers["connect-timeout-ms"] = String(MAX_TIMER_MS);
  }
}
