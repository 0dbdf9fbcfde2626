// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What the compiler takes for a test of a handler, and what it refuses. Not run. */
import { Code, createContextValues } from "@connectrpc/connect";
import { scripted, testCall } from "connect-stream/testing";
import { AnalyticsService } from "../../gen/analytics/v1/analytics_pb.js";
import type { AnalyticsServiceHandler } from "../../gen/analytics/v1/analytics_stream.js";
import { ChatService } from "../../gen/chat/v1/chat_pb.js";
import { type ChatServiceHandler, registerChatService } from "../../gen/chat/v1/chat_stream.js";
import { MonitorService } from "../../gen/monitor/v1/monitor_pb.js";
import type { MonitorServiceHandler } from "../../gen/monitor/v1/monitor_stream.js";

declare const monitor: MonitorServiceHandler;
declare const analytics: AnalyticsServiceHandler;
declare const chat: ChatServiceHandler;
declare const router: Parameters<typeof registerChatService>[0];

const { watch, read } = MonitorService.method;
const { process } = AnalyticsService.method;
const { connect } = ChatService.method;

/** Every kind, with everything that its call has. */
export async function accepted(): Promise<void> {
  const watched = testCall(watch, monitor.watch, { interval: 1 }, { timeoutMs: 1, window: 0 });
  const cpu: number | undefined = (await watched.recv())?.cpu;
  for await (const { memory } of watched) void [cpu, memory];
  await watched.play([{ recv: { cpu: 1 } }, { recv: ({ memory }) => memory > 1 }, "quiet", "end"]);

  const once = testCall(read, monitor.read, {});
  await once.play([{ recv: { cpu: 1 } }, { fails: Code.Canceled }]);

  await using upload = testCall(process, analytics.process, {
    headers: { a: "b" },
    contextValues: createContextValues(),
    service: { timeouts: { idleMs: 1 }, onError: () => {} },
  });
  await upload.send({ eventType: "a" });
  await upload.closeSend();
  const count: bigint | undefined = (await upload.recv())?.processedCount;
  await upload.play([{ send: { eventType: `${count}` } }, "closeSend", { recv: {} }, "end"]);

  const talk = testCall(connect, async (stream) => {
    const message: string | undefined = (await stream.recv())?.message;
    await stream.send({ message: message ?? "" });
  });
  await talk.play(["pause", { advance: 1 }, "resume", "cancel", () => talk.idle()]);
  talk.disconnect();
  talk.expire();
  const code: Code | undefined = (await talk.outcome).code;
  await Promise.all([talk.result, talk.header, talk.trailer, code]);
}

/** Scripts are handlers. */
export async function acceptedScripts(): Promise<void> {
  const script = scripted(
    connect,
    [{ recv: { userId: "ada" } }, { send: { message: "hi" } }, "sendHeaders", "end"],
    [{ fails: Code.Canceled }, { throw: new Error("no") }],
  );
  registerChatService(router, { connect: script });
  const rest: MonitorServiceHandler["watch"] = scripted(watch, [{ recv: { interval: 1 } }]);
  const upload: AnalyticsServiceHandler["process"] = scripted(process, [{ send: {} }]);
  await script.done({ patienceMs: 1 });
  void [rest, upload];
}

/** What is wrong is refused. */
export async function refused(): Promise<void> {
  // @ts-expect-error the request is missing
  testCall(watch, monitor.watch);
  // @ts-expect-error no such field
  testCall(watch, monitor.watch, { intervals: 1 });
  // @ts-expect-error the handler of another RPC
  testCall(watch, chat.connect, {});
  // @ts-expect-error no such option
  testCall(connect, chat.connect, { windows: 1 });
  const watched = testCall(watch, monitor.watch, {});
  // @ts-expect-error a server stream takes no messages
  await watched.send({});
  // @ts-expect-error so its scripts do not send
  await watched.play([{ send: {} }]);
  // @ts-expect-error no such field
  await watched.play([{ recv: { cpus: 1 } }]);
  // @ts-expect-error no such step
  await watched.play(["stop"]);
  // @ts-expect-error a field of the request
  scripted(connect, [{ send: { user: "ada" } }]);
  // @ts-expect-error a download has no stream of requests
  scripted(watch, ["end"]);
  // @ts-expect-error a script of another RPC
  registerChatService(router, { connect: scripted(watch) });
}
