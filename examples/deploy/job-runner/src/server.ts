// SPDX-License-Identifier: Apache-2.0
import { closeOnSignals, serve } from "connect-stream/node";
import { registerJobService } from "../gen/jobs/v1/jobs_stream.js";
import { handler } from "./handler.js";

// It runs any command: keep it on this machine.
const server = await serve({
  routes: (router) => registerJobService(router, handler),
  host: "127.0.0.1",
  port: Number(process.env.PORT ?? 8080),
});
console.log(`listening on ${server.url}`);
closeOnSignals(server);
