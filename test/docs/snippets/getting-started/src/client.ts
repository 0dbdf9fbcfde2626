import { createStreamTransport } from "connect-stream/node";
import { createMonitorServiceClient } from "../gen/monitor/v1/monitor_stream.js";

const baseUrl = process.env.SERVER_URL ?? "http://localhost:8080";
const client = createMonitorServiceClient(createStreamTransport({ baseUrl, protocol: "grpc" }));
let samples = 0;
for await (const { cpu, memory } of client.watch({ interval: 1 })) {
  console.log(`load ${cpu.toFixed(2)}, memory ${memory.toFixed(1)} %`);
  if (++samples === 3) break; // cancels the call
}
