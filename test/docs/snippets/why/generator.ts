// SPDX-License-Identifier: Apache-2.0
import type { ServiceImpl } from "@connectrpc/connect";
import type { MonitorService } from "../../../../gen/monitor/v1/monitor_pb.js";
import { type Sample, sensor } from "./sensor.js";

export const monitor: Partial<ServiceImpl<typeof MonitorService>> = {
  async *watch() {
    const queue: Sample[] = []; // a slow client makes it grow
    let wake = () => {};
    const push = (sample: Sample) => {
      queue.push(sample);
      wake();
    };
    sensor.on("sample", push);
    try {
      while (true) {
        yield* queue.splice(0);
        // The client cancels, and this waits on.
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      sensor.off("sample", push); // does not run
    }
  },
};
