import { registerHealth } from "connect-stream/health";
import { closeOnSignals, serve } from "connect-stream/node";
import { registerMonitorService } from "../../../../../gen/monitor/v1/monitor_stream.js";
import { monitor } from "./handler.js";

const server = await serve({
  routes(router) {
    registerMonitorService(router, monitor);
    registerHealth(router, { interceptors: [] });
  },
  host: "0.0.0.0", // all addresses of the container
  port: Number(process.env.PORT ?? 8080),
  healthPath: "/healthz",
});
console.log(`listening on ${server.url}`);
closeOnSignals(server, { graceMs: 30_000 });
