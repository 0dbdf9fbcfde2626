// SPDX-License-Identifier: Apache-2.0
// Client streaming: stores events to the end of the stream, then answers once.
import { ConnectError } from "@connectrpc/connect";
import type { ProcessRequest } from "../../gen/analytics/v1/analytics_pb.js";
import type { AnalyticsServiceHandler } from "../../gen/analytics/v1/analytics_stream.js";

/** Keeps an event. May take its time: until then, the handler reads no other one. */
export type Store = (event: ProcessRequest) => Promise<void>;

export function createAnalytics(
  log: (line: string) => void,
  store: Store = async () => {},
): AnalyticsServiceHandler {
  return {
    async process(stream) {
      let count = 0n; // int64 is a bigint in protobuf-es
      try {
        // Ends when the client half-closes. An invalid event ends the call, too.
        for await (const event of stream) {
          // While this waits, flow control makes the client's `send` wait.
          await store(event);
          count++;
        }
      } catch (error) {
        // The client canceled or is lost: half an upload never looks like a whole one.
        log(`upload failed after ${count} events: ${ConnectError.from(error).message}`);
        throw error;
      }
      log(`processed ${count} events`);
      await stream.sendAndClose({ processedCount: count });
    },
  };
}
