// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { createRouterTransport } from "@connectrpc/connect";
import { parseRecording, scripted, testCall } from "connect-stream/testing";
import { expect, it } from "vitest";
import { ChatService } from "../../../gen/chat/v1/chat_pb.js";
import {
  type ChatServiceHandler,
  createChatServiceClient,
  registerChatService,
} from "../../../gen/chat/v1/chat_stream.js";

const chat: ChatServiceHandler = {
  async connect(stream) {
    for await (const { message, userId } of stream) await stream.send({ message, userId });
  },
};

it("a recording is a script, of both sides", async () => {
  const text = await readFile(new URL("chat.ndjson", import.meta.url), "utf8");
  const recording = parseRecording(ChatService.method.connect, text);
  await testCall(ChatService.method.connect, chat.connect).play(recording.client);

  const connect = scripted(ChatService.method.connect, recording.server);
  const transport = createRouterTransport((router) => {
    registerChatService(router, { connect });
  });

  const stream = createChatServiceClient(transport).connect();
  await stream.send({ message: "hello", userId: "ada" });
  expect((await stream.recv())?.message).toBe("hello");
  await stream.closeSend();
  expect(await stream.recv()).toBeUndefined();
  await connect.done();
});
