// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { ConnectClientStream } from "../../gen/chat/v1/chat_stream.js";
import { enterRoom } from "../chat/client.js";
import { enterWithGrpcJs } from "../grpc-js.js";
import type { Stage } from "./stage.js";

type Heard = { userId: string; message: string; timestamp: string };

/** Bidirectional: what one member says, the handler pushes to all. */
export async function chat({ narrator, generated, grpcJs, clients, address }: Stage) {
  narrator.scene("Chat: the handler pushes what one says to everyone");
  const streams: ConnectClientStream[] = [];
  for (const { chat } of generated) streams.push(await enterRoom(chat));
  const talkWithGrpcJs = await enterWithGrpcJs(address);
  const hear = () => Promise.all(streams.map((stream) => stream.recv()));

  const heard: Heard[] = [];
  for (const [at, { who }] of generated.entries()) {
    const message = `Hello from member ${at + 1}`;
    await streams[at]?.send({ userId: who, message });
    heard.push(same(await hear()));
    narrator.client(who, `says "${message}"`);
  }
  const message = `Hello from member ${clients.length}`;
  const [last, heardByGrpcJs] = await Promise.all([
    hear(),
    talkWithGrpcJs(grpcJs.who, [message], clients.length),
  ]);
  heard.push(same(last));
  narrator.client(grpcJs.who, `says "${message}"`);
  assert.deepEqual(heardByGrpcJs.map(textOf), heard.map(textOf));
  await Promise.all(streams.map((stream) => stream.closeSend()));
  assert.deepEqual(await hear(), [undefined, undefined, undefined]);
  narrator.note(`All ${clients.length} members heard the same ${heard.length} messages.`);
}

/** What all have heard, which has to be the same. */
function same(messages: (Heard | undefined)[]): Heard {
  const [first, ...others] = messages;
  assert.ok(first, "a message");
  for (const other of others) assert.deepEqual(other, first);
  return first;
}

function textOf({ userId, message, timestamp }: Heard): string {
  return `${timestamp} ${userId}: ${message}`;
}
