// SPDX-License-Identifier: Apache-2.0
// Client streaming: counts events to the end of the stream, then answers once.
import { Code, ConnectError } from "@connectrpc/connect";
import type { ProcessRequest } from "../../gen/analytics/v1/analytics_pb.js";
import type { AnalyticsServiceHandler } from "../../gen/analytics/v1/analytics_stream.js";

export function createAnalytics(log: (line: string) => void): AnalyticsServiceHandler {
  return {
    async process(stream) {
      let count = 0n; // int64 is a bigint in protobuf-es
      const types = new Set<string>();
      // Ends when the client half-closes. If it cancels or is lost, the loop throws `canceled`:
      // half an upload never looks like a whole one.
      for await (const event of stream) {
        checkEvent(event, count + 1n);
        types.add(event.eventType);
        count++;
      }
      log(`server: processed ${count} events of ${types.size} types`);
      await stream.sendAndClose({ processedCount: count });
    },
  };
}

/** Throws for an event that is not whole. The client gets the error, wherever in its upload it is. */
function checkEvent({ eventType, timestamp }: ProcessRequest, position: bigint): void {
  if (eventType === "") {
    throw new ConnectError(`event ${position} has no event_type`, Code.InvalidArgument);
  }
  if (Number.isNaN(Date.parse(timestamp))) {
    throw new ConnectError(
      `event ${position} has the timestamp "${timestamp}", which is not RFC 3339`,
      Code.InvalidArgument,
    );
  }
}
