// SPDX-License-Identifier: Apache-2.0
// Server streaming, from the client: takes a few samples, then leaves.
import type { StreamCallOptions, StreamOutcome } from "connect-stream";
import type { MonitorServiceClient } from "../../gen/monitor/v1/monitor_stream.js";

/** Watches the host for `samples` samples, one a second. Resolves to how the call ended. */
export async function watchMetrics(
  client: MonitorServiceClient,
  samples: number,
  log: (line: string) => void,
  options?: StreamCallOptions,
): Promise<StreamOutcome> {
  const stream = client.watch({ interval: 1 }, options);
  let seen = 0;
  for await (const { cpu, memory } of stream) {
    log(`CPU ${cpu.toFixed(1)} %, memory ${memory.toFixed(1)} %`);
    // Leaving the loop closes the call, and the server stops sampling.
    if (++seen === samples) break;
  }
  return stream.outcome;
}
