// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { enterRoom, talk } from "../../examples/chat/client.js";
import { createClients } from "../../examples/clients.js";
import { enterWithGrpcJs } from "../../examples/grpc-js.js";
import { exampleServer } from "./harness.js";

const server = exampleServer();
const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

describe.each(["gRPC", "gRPC-Web", "Connect"])("chat over %s", (protocol) => {
  const client = () => {
    const found = createClients(server.url).find(({ name }) => name === protocol);
    if (!found) throw new Error(`no client for ${protocol}`);
    return found.chat;
  };
  const roomEmpty = () => server.log.until(/now 0/, roomsBefore++ + 1);
  let roomsBefore = 0;

  it("everyone hears everyone, in the same order", async () => {
    roomsBefore = server.log.count(/now 0/);
    const ada = await enterRoom(client());
    const bob = await enterRoom(client());
    const lines = ["Hello", "Wie geht’s? 🙂"];
    const [adaHeard, bobHeard] = await Promise.all([
      talk(ada, "ada", lines, 4),
      talk(bob, "bob", lines, 4),
    ]);
    expect(adaHeard).toEqual(bobHeard);
    for (const userId of ["ada", "bob"]) {
      const messages = adaHeard.filter((heard) => heard.userId === userId);
      expect(messages.map(({ message }) => message)).toEqual(lines);
    }
    for (const { timestamp } of adaHeard) expect(timestamp).toMatch(rfc3339);
    await roomEmpty();
  });

  it("a member that goes without a word is out of the room", async () => {
    roomsBefore = server.log.count(/now 0/);
    const ada = await enterRoom(client());
    ada.close();
    await roomEmpty();
  });

  it("refuses a message of nobody", async () => {
    const ada = await enterRoom(client());
    await ada.send({ message: "boo" });
    await expect(ada.recv()).rejects.toMatchObject({
      code: Code.InvalidArgument,
      rawMessage: "invalid chat.v1.ConnectRequest: user_id: value is required [required]",
    });
  });

  it("a member that does not listen has to leave, and holds nobody up", async () => {
    const ada = await enterRoom(client());
    const deaf = await enterRoom(client());
    // Random, as it travels compressed.
    const message = randomBytes(12 * 1024).toString("base64");
    const leftBefore = server.log.count(/left/);
    let heard = 0;
    while (server.log.count(/left/) === leftBefore && heard < 1000) {
      await ada.send({ userId: "ada", message });
      expect(await ada.recv()).toMatchObject({ message });
      heard++;
    }
    expect(heard).toBeGreaterThan(100);
    expect(heard).toBeLessThan(1000);
    await expect(readAll(deaf)).rejects.toMatchObject({ code: Code.ResourceExhausted });
    ada.close();
  });
});

it("grpc-js is in the room, too", async () => {
  const [grpc] = createClients(server.url);
  if (!grpc) throw new Error("no client");
  const ada = await enterRoom(grpc.chat);
  const talkWithGrpcJs = await enterWithGrpcJs(server.host);
  const [adaHeard, bobHeard] = await Promise.all([
    talk(ada, "ada", ["Hello"], 2),
    talkWithGrpcJs("bob", ["Hello"], 2),
  ]);
  expect(adaHeard.map(({ userId, message }) => ({ userId, message }))).toEqual(
    bobHeard.map(({ userId, message }) => ({ userId, message })),
  );
});

async function readAll(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}
