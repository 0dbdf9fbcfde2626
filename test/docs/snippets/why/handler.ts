// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import type { MonitorServiceHandler } from "../../../../gen/monitor/v1/monitor_stream.js";
import { type Sample, sensor } from "./sensor.js";

export const monitor: Partial<MonitorServiceHandler> = {
  async watch(_request, stream) {
    const push = (sample: Sample) => void stream.send(sample);
    sensor.on("sample", push);
    try {
      // Rejects when the client cancels, loses its connection or runs out of time.
      await once(sensor, "end", { signal: stream.context.signal });
    } finally {
      sensor.off("sample", push);
    }
  },
};
