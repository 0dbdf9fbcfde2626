// SPDX-License-Identifier: Apache-2.0
// The code of Goa's streaming guide, step by step. Run by guide.test.ts.
import { setTimeout as sleep } from "node:timers/promises";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type {
  ProcessRequest,
  ProcessRequestSchema,
} from "../../../gen/analytics/v1/analytics_pb.js";
import type {
  AnalyticsServiceClient,
  AnalyticsServiceHandler,
} from "../../../gen/analytics/v1/analytics_stream.js";
import type { ChatServiceClient, ChatServiceHandler } from "../../../gen/chat/v1/chat_stream.js";
import type {
  MonitorServiceClient,
  MonitorServiceHandler,
} from "../../../gen/monitor/v1/monitor_stream.js";

type Event = MessageInitShape<typeof ProcessRequestSchema>;

const getSystemMetrics = () => ({ cpu: 12.5, memory: 50 });

export const monitor: Partial<MonitorServiceHandler> = {
  async watch({ interval }, stream) {
    const { signal } = stream.context;
    while (true) {
      await sleep(interval * 1000, undefined, { signal });
      const { cpu, memory } = getSystemMetrics();
      await stream.send({ cpu, memory });
    }
  },
};

export const processed: string[] = [];

function processEvent({ eventType }: ProcessRequest): void {
  processed.push(eventType);
}

export const analytics: AnalyticsServiceHandler = {
  async process(stream) {
    let count = 0n;
    while (true) {
      const event = await stream.recv();
      if (!event) {
        return stream.sendAndClose({ processedCount: count });
      }
      processEvent(event);
      count++;
    }
  },
};

export const chat: ChatServiceHandler = {
  async connect(stream) {
    while (true) {
      const msg = await stream.recv();
      if (!msg) return;
      await stream.send({
        message: msg.message,
        userId: msg.userId,
        timestamp: new Date().toISOString(),
      });
    }
  },
};

export async function watchMetrics(client: MonitorServiceClient, signal: AbortSignal) {
  const stream = client.watch({ interval: 5 }, { signal });
  while (true) {
    const metrics = await stream.recv();
    if (!metrics) break;
    console.log(`CPU: ${metrics.cpu.toFixed(2)}%, Memory: ${metrics.memory.toFixed(2)}%`);
  }
}

export async function uploadEvents(client: AnalyticsServiceClient, events: Event[]) {
  await using stream = client.process();
  for (const event of events) await stream.send(event);
  const { processedCount } = await stream.closeAndRecv();
  console.log(`Processed ${processedCount} events`);
}

export async function startChat(client: ChatServiceClient, userId: string) {
  await using stream = client.connect();
  const sendAll = async () => {
    for (let i = 0; i < 3; i++) await stream.send({ message: "Hello", userId });
    await stream.closeSend();
  };
  const receiveAll = async () => {
    while (true) {
      const msg = await stream.recv();
      if (!msg) break;
      console.log(`Received: ${msg.message} from ${msg.userId} at ${msg.timestamp}`);
    }
  };
  await Promise.all([sendAll(), receiveAll()]);
}

export async function endOfStream(client: MonitorServiceClient): Promise<string> {
  const stream = client.watch({ interval: 1 });
  try {
    while (true) {
      const metrics = await stream.recv();
      if (!metrics) return "the server is done";
    }
  } catch (error) {
    const { code } = ConnectError.from(error);
    return code === Code.Unavailable ? "try again later" : "give up";
  }
}
