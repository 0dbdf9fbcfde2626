import { freemem, loadavg, totalmem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { MonitorServiceHandler } from "../gen/monitor/v1/monitor_stream.js";

const sample = () => ({ cpu: loadavg()[0] ?? 0, memory: 100 * (1 - freemem() / totalmem()) });

export const monitor: MonitorServiceHandler = {
  async watch({ interval }, stream) {
    while (true) {
      await stream.send(sample());
      await sleep(Math.max(interval, 1) * 1000, undefined, { signal: stream.context.signal });
    }
  },
};
