// SPDX-License-Identifier: Apache-2.0
// The services of the examples, without anything of Node.js. `read` tells how many streams have begun and failed.
import type { ConnectRouter } from "@connectrpc/connect";
import { createAnalytics } from "../../../../examples/analytics/handler.js";
import { createChat } from "../../../../examples/chat/handler.js";
import {
  type AnalyticsServiceHandler,
  registerAnalyticsService,
} from "../../../../gen/analytics/v1/analytics_stream.js";
import { registerChatService } from "../../../../gen/chat/v1/chat_stream.js";
import {
  type MonitorServiceHandler,
  registerMonitorService,
} from "../../../../gen/monitor/v1/monitor_stream.js";

/** Streams so far, and those that were cut off. */
const streams = { begun: 0, failed: 0 };

async function count(run: () => Promise<void>): Promise<void> {
  streams.begun++;
  try {
    await run();
  } catch (error) {
    streams.failed++;
    throw error;
  }
}

const monitor: MonitorServiceHandler = {
  watch: ({ interval }, stream) =>
    count(async () => {
      for (let sample = 0; ; sample++) {
        await stream.send({ cpu: sample, memory: 2 });
        await pause(interval * 100, stream.context.signal);
      }
    }),
  read: async () => ({ cpu: streams.begun, memory: streams.failed }),
};

const { process } = createAnalytics(() => undefined);

const analytics: AnalyticsServiceHandler = {
  process: (stream) => count(() => process(stream)),
};

const chat = createChat(() => undefined);

export function routes(router: ConnectRouter): void {
  registerMonitorService(router, monitor);
  registerAnalyticsService(router, analytics);
  registerChatService(router, chat);
}

/** Rejects when `signal` aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
