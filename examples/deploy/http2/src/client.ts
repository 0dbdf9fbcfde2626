// SPDX-License-Identifier: Apache-2.0
import { createStreamTransport } from "connect-stream/node";
import { createTickServiceClient } from "../gen/ticks/v1/ticks_stream.js";

const transport = createStreamTransport({
  baseUrl: process.env.SERVER_URL ?? "http://localhost:8080",
  protocol: "grpc",
  httpVersion: "2",
});
for await (const { number } of createTickServiceClient(transport).watch({ intervalMs: 100 })) {
  console.log(`tick ${number}`);
  if (number === 3) break; // cancels the call
}
