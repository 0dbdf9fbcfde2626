// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import {
  type ChatServiceHandler,
  createChatServiceClient,
  registerChatService,
} from "../../../gen/chat/v1/chat_stream.js";
import { start } from "./harness.js";

it("speaks and listens at the same time", async () => {
  const log: string[] = [];
  const chat: ChatServiceHandler = {
    async connect(stream) {
      for await (const { message, userId } of stream) {
        await stream.send({ message, userId, timestamp: new Date().toISOString() });
      }
      // The client has half-closed. Returning ends the stream.
    },
  };
  const { transport } = await start((router) => registerChatService(router, chat));
  const client = createChatServiceClient(transport);
  await using stream = client.connect();
  const speak = async () => {
    for (const message of ["Hello", "Bye"]) await stream.send({ message, userId: "ada" });
    await stream.closeSend(); // nothing more from us; listening goes on
  };
  const listen = async () => {
    for await (const { message, userId } of stream) log.push(`${userId}: ${message}`);
  };
  // Not `void speak()`: a rejection of your own async function must have somebody who waits for it.
  await Promise.all([speak(), listen()]);
  expect(log).toEqual(["ada: Hello", "ada: Bye"]);
});
