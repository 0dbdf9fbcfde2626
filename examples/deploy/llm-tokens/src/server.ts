// SPDX-License-Identifier: Apache-2.0
import { closeOnSignals, serve } from "connect-stream/node";
import { registerTokenService } from "../gen/tokens/v1/tokens_stream.js";
import { handler } from "./handler.js";

const server = await serve({
  routes: (router) => registerTokenService(router, handler),
  port: Number(process.env.PORT ?? 8080),
});
console.log(`listening on ${server.url}`);
closeOnSignals(server);
