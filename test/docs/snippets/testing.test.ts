// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { scripted, testCall } from "connect-stream/testing";
import { expect, it, vi } from "vitest";
import { createAnalytics } from "../../../examples/analytics/handler.js";
import { AnalyticsService } from "../../../gen/analytics/v1/analytics_pb.js";
import { ChatService } from "../../../gen/chat/v1/chat_pb.js";
import type { ChatServiceHandler } from "../../../gen/chat/v1/chat_stream.js";
import { MonitorService, type WatchRequest } from "../../../gen/monitor/v1/monitor_pb.js";
import {
  createMonitorServiceClient,
  type MonitorServiceClient,
  type MonitorServiceHandler,
  registerMonitorService,
  type WatchServerStream,
} from "../../../gen/monitor/v1/monitor_stream.js";

const stopped = vi.fn();
const analytics = createAnalytics(() => {});

const monitor: MonitorServiceHandler = {
  async watch({ interval }, stream) {
    if (interval < 1) throw new ConnectError("interval is too short", Code.InvalidArgument);
    try {
      for (;;) await stream.send({ cpu: 1, memory: 2 });
    } finally {
      stopped();
    }
  },
  async read() {
    return { cpu: 1, memory: 2 };
  },
};

const chat: ChatServiceHandler = {
  async connect(stream) {
    stream.context.responseHeader.set("room", "lobby");
    for await (const { message, userId } of stream) await stream.send({ message, userId });
  },
};

it("sends samples until the client goes away", async () => {
  const call = testCall(MonitorService.method.watch, monitor.watch, { interval: 1 });
  expect(await call.recv()).toMatchObject({ cpu: 1, memory: 2 });
  call.cancel();
  await expect(call.result).rejects.toMatchObject({ code: Code.Canceled });
  expect(stopped).toHaveBeenCalledOnce();
});

it("a handler that is a class", async () => {
  class Monitor {
    readonly #cpu = 3;
    async watch(_request: WatchRequest, stream: WatchServerStream): Promise<void> {
      await stream.send({ cpu: this.#cpu });
    }
  }
  const monitor = new Monitor();
  const call = testCall(
    MonitorService.method.watch,
    (request, stream) => monitor.watch(request, stream),
    { interval: 1 },
  );
  await call.play([{ recv: { cpu: 3 } }, "end"]);
});

it("refuses an interval of 0", async () => {
  const call = testCall(MonitorService.method.watch, monitor.watch, { interval: 0 });
  await call.play([{ fails: Code.InvalidArgument }]);
});

it("counts events", async () => {
  const call = testCall(AnalyticsService.method.process, analytics.process);
  const timestamp = new Date().toISOString();
  for (const eventType of ["open", "click"]) await call.send({ eventType, timestamp });
  await call.closeSend();
  expect((await call.recv())?.processedCount).toBe(2n);
});

it("echoes", async () => {
  const call = testCall(ChatService.method.connect, chat.connect);
  await call.play([
    { send: { message: "hello", userId: "ada" } },
    { recv: { message: "hello" } }, // other fields may be anything
    { send: { message: "bye", userId: "ada" } },
    { recv: ({ message, userId }) => expect([message, userId]).toEqual(["bye", "ada"]) },
    "quiet", // nothing more comes by itself
    "closeSend",
    "end",
  ]);
});

it("says what did not come true", async () => {
  const call = testCall(ChatService.method.connect, chat.connect);
  const played = call.play([
    { send: { message: "hello", userId: "ada" } },
    { recv: { message: "hallo", userId: "ada" } },
  ]);
  await expect(played).rejects.toThrow(
    `step 2 of 2 (recv) of chat.v1.ChatService.Connect (- expected, + got)
  {
-   message: "hallo",
+   message: "hello",
    userId: "ada",
  }`,
  );
});

const reminding: ChatServiceHandler = {
  async connect(stream) {
    for (;;) {
      try {
        if (!(await stream.recv({ timeoutMs: 60_000 }))) return;
      } catch (error) {
        if (stream.context.signal.aborted) throw error;
        await stream.send({ message: "still there?" });
      }
    }
  },
};

it("asks after a minute, and ends at the deadline", async () => {
  const call = testCall(ChatService.method.connect, reminding.connect, { timeoutMs: 100_000 });
  await call.play([
    { advance: 59_999 },
    "quiet",
    { advance: 1 },
    { recv: { message: "still there?" } },
    { advance: 40_000 },
    { fails: Code.DeadlineExceeded },
  ]);
});

it("sends no more than the client reads", async () => {
  const seen: number[] = [];
  const counting: MonitorServiceHandler["watch"] = async (_request, stream) => {
    for (let cpu = 0; ; cpu++) {
      await stream.send({ cpu });
      seen.push(cpu);
    }
  };
  const call = testCall(MonitorService.method.watch, counting, { interval: 1 }, { window: 2 });
  await call.idle(); // until the handler waits
  expect(seen).toEqual([0, 1]);
  await call.recv();
  await call.idle();
  expect(seen).toEqual([0, 1, 2]);
  call.cancel();
});

it("is asked with headers, and answers with headers", async () => {
  const call = testCall(ChatService.method.connect, chat.connect, {
    headers: { authorization: "Bearer ada's" },
  });
  await call.play([{ send: { message: "hello" } }, { recv: {} }, "closeSend", "end"]);
  expect((await call.header).get("room")).toBe("lobby");
  expect((await call.outcome).code).toBeUndefined();
});

/** The code under test: what is the load, and is it there again after an interruption? */
async function firstTwo(client: MonitorServiceClient): Promise<number[]> {
  const samples: number[] = [];
  while (samples.length < 2) {
    try {
      for await (const { cpu } of client.watch({ interval: 1 })) samples.push(cpu);
    } catch (error) {
      if (ConnectError.from(error).code !== Code.Unavailable) throw error;
    }
  }
  return samples;
}

it("watches again when the server was gone", async () => {
  const watch = scripted(
    MonitorService.method.watch,
    [{ recv: { interval: 1 } }, { send: { cpu: 1 } }, { throw: unavailable() }],
    [{ recv: { interval: 1 } }, { send: { cpu: 2 } }],
  );
  const transport = createRouterTransport((router) => {
    registerMonitorService(router, { watch });
  });
  expect(await firstTwo(createMonitorServiceClient(transport))).toEqual([1, 2]);
  await watch.done();
});

function unavailable(): ConnectError {
  return new ConnectError("restarting", Code.Unavailable);
}
