// SPDX-License-Identifier: Apache-2.0
// Server streaming: samples this host at the client's interval, until the client goes away.
import { cpus, freemem, totalmem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type MonitorServiceHandler,
  monitorServiceErrors,
} from "../../gen/monitor/v1/monitor_stream.js";

/** Streams to serve at a time. */
const MAX_WATCHERS = 100;

export function createMonitor(log: (line: string) => void): MonitorServiceHandler {
  let watchers = 0;
  return {
    async watch({ interval }, stream) {
      if (watchers >= MAX_WATCHERS) throw monitorServiceErrors.hostBusy();
      watchers++;
      // Aborts when the client cancels, is lost, or runs out of time.
      const { signal } = stream.context;
      let before = noTimes;
      let samples = 0;
      try {
        while (true) {
          const now = cpuTimes();
          await stream.send({ cpu: cpuPercent(before, now), memory: memoryPercent() });
          before = now;
          samples++;
          // The abort clears this timer and makes the wait throw.
          await sleep(interval * 1000, undefined, { signal });
        }
      } finally {
        watchers--;
        log(`stopped sampling after ${samples} samples`);
      }
    },

    async read() {
      return { cpu: cpuPercent(noTimes, cpuTimes()), memory: memoryPercent() };
    },
  };
}

/** CPU time of all cores since the host started, in milliseconds. */
interface CpuTimes {
  idle: number;
  total: number;
}

const noTimes: CpuTimes = { idle: 0, total: 0 };

function cpuTimes(): CpuTimes {
  const times = { ...noTimes };
  for (const core of cpus()) {
    times.idle += core.times.idle;
    for (const part of Object.values(core.times)) times.total += part;
  }
  return times;
}

function cpuPercent(from: CpuTimes, to: CpuTimes): number {
  const total = to.total - from.total;
  return total > 0 ? 100 * (1 - (to.idle - from.idle) / total) : 0;
}

function memoryPercent(): number {
  return 100 * (1 - freemem() / totalmem());
}
