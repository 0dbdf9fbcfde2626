import { serve } from "connect-stream/node";
import { registerMonitorService } from "../../../../../gen/monitor/v1/monitor_stream.js";
import { monitor } from "./handler.js";

const server = await serve({
  routes: (router) => registerMonitorService(router, monitor),
  port: Number(process.env.PORT ?? 8080),
});
console.log(`listening on ${server.url}`);
// On Ctrl-C, and when it is told to end, it lets open calls finish.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.close());
