// SPDX-License-Identifier: Apache-2.0
import { createStreamTransport } from "connect-stream/node";
import { createTickServiceClient } from "../gen/ticks/v1/ticks_stream";

const transport = createStreamTransport({
  baseUrl: process.env.SERVER_URL ?? "http://localhost:8080/api",
  protocol: "connect",
  httpVersion: "1.1",
});
for await (const { number } of createTickServiceClient(transport).watch({ intervalMs: 100 })) {
  console.log(`tick ${number}`);
  if (number === 3) break; // cancels the call
}
