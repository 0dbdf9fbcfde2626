// SPDX-License-Identifier: Apache-2.0
// Bidirectional streaming, from the client: speaks and listens at the same time.
import type { StreamCallOptions } from "connect-stream";
import type { ConnectResponse } from "../../gen/chat/v1/chat_pb.js";
import type { ChatServiceClient, ConnectClientStream } from "../../gen/chat/v1/chat_stream.js";

/** Enters the room. Resolves when the server has let us in. */
export async function enterRoom(
  client: ChatServiceClient,
  options?: StreamCallOptions,
): Promise<ConnectClientStream> {
  const stream = client.connect(options);
  await stream.header;
  return stream;
}

/** Says `lines`, and leaves after hearing `count` messages. Resolves to what was heard. */
export async function talk(
  stream: ConnectClientStream,
  userId: string,
  lines: string[],
  count: number,
): Promise<ConnectResponse[]> {
  const [heard] = await Promise.all([listen(stream, count), speak(stream, userId, lines)]);
  return heard;
}

async function speak(stream: ConnectClientStream, userId: string, lines: string[]): Promise<void> {
  for (const message of lines) await stream.send({ message, userId });
}

async function listen(stream: ConnectClientStream, count: number): Promise<ConnectResponse[]> {
  const heard: ConnectResponse[] = [];
  for await (const message of stream) {
    heard.push(message);
    // No more from us. The server ends the stream, and so this loop, when it has seen that.
    if (heard.length === count) await stream.closeSend();
  }
  return heard;
}
