// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import * as grpc from "@grpc/grpc-js";
import { testCall } from "connect-stream/testing";
import { expect, it, onTestFinished } from "vitest";
import { JoinSchema, Role, RoomService } from "../../support/gen/room/v1/room_pb.js";
import {
  createRoomServiceClient,
  type RoomServiceHandler,
  registerRoomService,
} from "../../support/gen/room/v1/room_stream.js";
import { start } from "./harness.js";

const joined: string[] = [];

const room: RoomServiceHandler = {
  async talk({ userId, rooms, role = Role.GUEST }, stream) {
    joined.push(`${userId}, ${rooms.length} rooms, ${Role[role]}`);
    for await (const { text } of stream) await stream.send({ text: `${userId}: ${text}` });
  },
};

it("joins", async () => {
  const { transport } = await start((router) => registerRoomService(router, room));
  const client = createRoomServiceClient(transport);
  const metadata = { userId: "ada", rooms: ["lobby"], token: new Uint8Array([1, 2, 3]) };
  await using stream = client.talk(metadata, { timeoutMs: 60_000 });
  await stream.send({ text: "hello" });
  expect((await stream.recv())?.text).toBe("ada: hello");
  expect(joined).toEqual(["ada, 1 rooms, GUEST"]);
});

it("joins with another client, and without what is needed", async () => {
  const { url } = await start((router) => registerRoomService(router, room));
  const client = new grpc.Client(new URL(url).host, grpc.credentials.createInsecure());
  onTestFinished(() => client.close());
  const talk = (headers: grpc.Metadata) => {
    const asIs = (bytes: Buffer) => bytes;
    return client.makeBidiStreamRequest("/room.v1.RoomService/Talk", asIs, asIs, headers);
  };
  const metadata = new grpc.Metadata();
  metadata.set("user_id", "grace");
  metadata.set("rooms", "lobby, attic");
  metadata.set("role", "ROLE_HOST");
  metadata.set("token-bin", Buffer.from([1, 2, 3]));
  const call = talk(metadata);
  call.end();
  await new Promise((resolve) => call.on("end", resolve).resume());
  expect(joined.at(-1)).toBe("grace, 2 rooms, HOST");

  metadata.set("role", "boss");
  const refused = talk(metadata);
  const error = await new Promise<grpc.ServiceError>((resolve) => refused.on("error", resolve));
  expect(error.details).toBe(
    'initial metadata: header "role" is "boss", allowed: ROLE_UNSPECIFIED, ROLE_GUEST, ROLE_HOST',
  );
});

it("tests a handler", async () => {
  const call = testCall(RoomService.method.talk, room.talk, {
    metadata: create(JoinSchema, { userId: "ada", rooms: ["lobby"] }),
  });
  await call.play([{ send: { text: "hello" } }, { recv: { text: "ada: hello" } }, "cancel"]);
  const wrong = testCall(RoomService.method.talk, room.talk, {
    metadata: create(JoinSchema),
    headers: { role: "boss" },
  });
  await wrong.play([{ fails: Code.InvalidArgument }]);
});
