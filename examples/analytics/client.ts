// SPDX-License-Identifier: Apache-2.0
// Client streaming, from the client: uploads a file of events, and takes the one answer.
import { open } from "node:fs/promises";
import type { StreamCallOptions } from "connect-stream";
import type { AnalyticsServiceClient } from "../../gen/analytics/v1/analytics_stream.js";

/** Uploads the events of an NDJSON file, one JSON object a line. Resolves to how many were processed. */
export async function uploadEvents(
  client: AnalyticsServiceClient,
  path: string | URL,
  options?: StreamCallOptions,
): Promise<bigint> {
  // Should anything below throw, the call is closed on the way out.
  await using stream = client.process(options);
  const file = await open(path);
  for await (const line of file.readLines()) {
    // Waits while the server is slower than the file: the file is never in memory as a whole.
    await stream.send(parseEvent(line));
  }
  const { processedCount } = await stream.closeAndRecv();
  return processedCount;
}

const encoder = new TextEncoder();

/** A line of the file as the message that the service takes. */
export function parseEvent(line: string): {
  eventType: string;
  timestamp: string;
  data: Uint8Array;
} {
  const { event_type, timestamp, data } = JSON.parse(line);
  return { eventType: event_type, timestamp, data: encoder.encode(JSON.stringify(data)) };
}
