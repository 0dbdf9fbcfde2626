// SPDX-License-Identifier: Apache-2.0
// Client streaming: counts events to the end of the stream, then answers once.
import type { AnalyticsServiceHandler } from "../../gen/analytics/v1/analytics_stream.js";

export function createAnalytics(log: (line: string) => void): AnalyticsServiceHandler {
  return {
    async process(stream) {
      let count = 0n; // int64 is a bigint in protobuf-es
      const types = new Set<string>();
      // Ends when the client half-closes. If it cancels or is lost, the loop throws `canceled`:
      // half an upload never looks like a whole one. An event that is not whole ends the call, too.
      for await (const event of stream) {
        types.add(event.eventType);
        count++;
      }
      log(`server: processed ${count} events of ${types.size} types`);
      await stream.sendAndClose({ processedCount: count });
    },
  };
}
