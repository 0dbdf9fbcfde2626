// SPDX-License-Identifier: Apache-2.0
import { createFetchHandler } from "connect-stream/fetch";
import { routes } from "./routes.js";

const server = Bun.serve({
  port: Number(process.env.PORT ?? 8080),
  idleTimeout: 0, // Bun cuts connections that are quiet for 10 seconds
  fetch: createFetchHandler({ routes }),
});
console.log(`listening on ${server.url}`);
