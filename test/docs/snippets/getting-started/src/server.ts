import { serve } from "connect-stream/node";
import { registerMonitorService } from "../gen/monitor/v1/monitor_stream.js";
import { monitor } from "./handler.js";

const server = await serve({
  routes: (router) => registerMonitorService(router, monitor),
  port: Number(process.env.PORT ?? 8080),
});
console.log(`listening on ${server.url}`);
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.close()); // drains
