import { closeOnSignals, serve } from "connect-stream/node";
import { registerCounterService } from "../../gen/counter/v1/counter_stream.js";
import { createCounter } from "./handler.js";

const counter = createCounter();
const server = await serve({
  routes: (router) => registerCounterService(router, counter),
  port: Number(process.env.PORT ?? 8080),
});
console.log(`listening on ${server.url}`);
closeOnSignals(server); // drains, and prints which calls it waits for
