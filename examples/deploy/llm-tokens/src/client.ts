// SPDX-License-Identifier: Apache-2.0
import { resumable } from "connect-stream";
import { createStreamTransport } from "connect-stream/node";
import { createTokenServiceClient } from "../gen/tokens/v1/tokens_stream.js";

const baseUrl = process.env.SERVER_URL ?? "http://localhost:8080";
const client = createTokenServiceClient(createStreamTransport({ baseUrl, protocol: "connect" }));

const request = { id: crypto.randomUUID(), prompt: "hello", after: 0 };
const shown: string[] = [];

// The user reads three tokens, and presses stop: the model stops.
for await (const { token } of client.generate(request)) {
  if (shown.push(token) === 3) break;
}
console.log(`stopped: ${shown.join(" ")}`);

// The page is loaded again, and goes on where it was; also after a lost connection.
const rest = resumable(client.generate, {
  request: { ...request, after: shown.length },
  next: ({ index }) => ({ ...request, after: index }),
});
for await (const { token } of rest) shown.push(token);
console.log(`all: ${shown.join(" ")}`);
