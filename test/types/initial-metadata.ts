// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What the compiler knows of initial metadata, and what it refuses. Not run. */
import { create } from "@bufbuild/protobuf";
import type { ConnectRouter, Transport } from "@connectrpc/connect";
import { scripted, testCall } from "connect-stream/testing";
import { type Join, JoinSchema, LineSchema, RoomService } from "../support/gen/room/v1/room_pb.js";
import {
  createRoomServiceClient,
  type RoomServiceHandler,
  registerRoomService,
  type TalkServerStream,
} from "../support/gen/room/v1/room_stream.js";

declare const router: ConnectRouter;
declare const transport: Transport;
declare const room: RoomServiceHandler;

/** It is the first argument, on both sides. */
export async function accepted(): Promise<void> {
  registerRoomService(router, {
    async talk({ userId, rooms, role, token }, stream) {
      const size: number = userId.length + rooms.length + (role ?? 0) + token.length;
      await stream.send({ text: `${size}` });
    },
  });
  class Room implements RoomServiceHandler {
    async talk(metadata: Join, stream: TalkServerStream): Promise<void> {
      await stream.send({ text: metadata.userId });
    }
  }
  registerRoomService(router, new Room());
  registerRoomService(router, { talk: scripted(RoomService.method.talk, ["end"]) });
  const client = createRoomServiceClient(transport);
  await client.talk({ userId: "ada" }).closeSend();
  await client.talk(create(JoinSchema), { timeoutMs: 1 }).closeSend();
  const metadata = create(JoinSchema, { userId: "ada" });
  testCall(RoomService.method.talk, room.talk, { metadata, window: 1 });
  testCall(
    RoomService.method.talk,
    async ({ rooms }, stream) => stream.send({ text: rooms[0] ?? "" }),
    {
      metadata,
    },
  );
}

/** What is wrong is refused. */
export function refused(): void {
  const client = createRoomServiceClient(transport);
  // @ts-expect-error it cannot be left out
  client.talk();
  // @ts-expect-error no such field
  client.talk({ user: "ada" });
  // @ts-expect-error options are not metadata
  client.talk({ timeoutMs: 1 });
  registerRoomService(router, {
    // @ts-expect-error the stream comes second
    async talk(stream: TalkServerStream) {
      await stream.send({});
    },
  });
  // @ts-expect-error a handler with metadata needs some
  testCall(RoomService.method.talk, room.talk);
  // @ts-expect-error of the right type
  testCall(RoomService.method.talk, room.talk, { metadata: create(LineSchema) });
}
