// SPDX-License-Identifier: Apache-2.0
import { create, equals, type MessageInitShape } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  createClient,
  createRouterTransport,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import * as grpcJs from "@grpc/grpc-js";
import { serve } from "connect-stream/node";
import { describe, expect, it } from "vitest";
import { connectNodeTransport, ourTransport } from "../support/clients/transports.js";
import { failure } from "../support/gate.js";
import { NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import {
  AllKindsSchema,
  type Join,
  JoinSchema,
  MetadataService,
  Mood,
} from "../support/gen/lab/v1/metadata_pb.js";
import {
  createMetadataServiceClient,
  type MetadataServiceHandler,
  registerMetadataService,
} from "../support/gen/lab/v1/metadata_stream.js";
import { type Lab, type LabOptions, serveLab, startLab } from "../support/lab.js";
import { note } from "../support/note.js";
import { stockServers } from "../support/stock-servers.js";
import { connectOn1, connectOn2, grpcOn2, wires } from "../support/wires.js";

type JoinInit = MessageInitShape<typeof JoinSchema>;

const ada: JoinInit = {
  userId: "Ada Lovelace, née Byron ✓",
  level: 0,
  rooms: ["lobby", "a room, with a comma"],
  token: new Uint8Array([0, 1, 254, 255]),
};

/** Keeps the metadata of all its calls. */
function keeper(joins: Join[] = []) {
  const handler: Partial<MetadataServiceHandler> = {
    async upload(metadata, stream) {
      joins.push(metadata);
      let count = 0n;
      for await (const _ of stream) count++;
      await stream.sendAndClose({ number: count, text: metadata.userId });
    },
    async chat(metadata, stream) {
      joins.push(metadata);
      for await (const { text } of stream) await stream.send({ text });
    },
  };
  return { joins, handler };
}

function startMetadataLab(
  handler: Partial<MetadataServiceHandler>,
  { service, ...options }: LabOptions = {},
): Promise<Lab> {
  const routes: LabOptions["routes"] = (router) => {
    registerMetadataService(router, handler, service);
  };
  return startLab({}, { ...options, routes });
}

async function callBoth(transport: Transport, fullDuplex: boolean): Promise<void> {
  const client = createMetadataServiceClient(transport);
  const upload = client.upload(ada);
  await upload.send({});
  expect(await upload.closeAndRecv()).toMatchObject({ number: 1n, text: ada.userId });
  if (!fullDuplex) return;
  await using chat = client.chat(ada, { headers: { "x-other": "1" } });
  await chat.send({ text: "hello" });
  expect((await chat.recv())?.text).toBe("hello");
}

function expectAda(joins: readonly Join[], count: number): void {
  expect(joins.length).toBe(count);
  for (const join of joins) expect(equals(JoinSchema, join, create(JoinSchema, ada))).toBe(true);
}

describe.each(wires)("$name", (wire) => {
  const fullDuplex = wire.http === "2";
  const count = fullDuplex ? 2 : 1;

  it.each([
    ["our transport", ourTransport],
    ["Connect-Node's transport", connectNodeTransport],
  ] as const)("the handler has what the client gave, on %s", async (_, createTransport) => {
    const { joins, handler } = keeper();
    await using lab = await startMetadataLab(handler, { http: wire.http });
    await callBoth(createTransport(lab.url, wire), fullDuplex);
    expectAda(joins, count);
  });

  const stock = stockServers.filter(({ http }) => http === wire.http);
  it.each(stock.map((server) => [server.name, server] as const))("on %s", async (_, server) => {
    const { joins, handler } = keeper();
    const listener = await server.listener((router) => registerMetadataService(router, handler));
    await using lab = await serveLab(listener, wire.http);
    await callBoth(ourTransport(lab.url, wire), fullDuplex);
    expectAda(joins, count);
  });

  it("interceptors see the headers, on both sides, and may change them", async () => {
    const { joins, handler } = keeper();
    const seen: (string | null)[] = [];
    const promote: Interceptor = (next) => (request) => {
      request.header.set("level", "99");
      return next(request);
    };
    const watch: Interceptor = (next) => (request) => {
      seen.push(request.header.get("level"));
      return next(request);
    };
    await using lab = await startMetadataLab(handler, {
      http: wire.http,
      service: { interceptors: [watch, promote] },
    });
    const transport = ourTransport(lab.url, wire, { interceptors: [watch] });
    await createMetadataServiceClient(transport).upload({ userId: "a", level: 7 }).closeAndRecv();
    expect(seen).toEqual(["7", "7"]);
    expect(joins[0]?.level).toBe(99);
  });
});

it("without a network", async () => {
  const { joins, handler } = keeper();
  const routes = createRouterTransport((router) => {
    registerMetadataService(router, handler);
  });
  await callBoth(routes, true);
  expectAda(joins, 2);
});

it("fields of every kind survive every protocol", async () => {
  const all = create(AllKindsSchema, {
    ...{ aDouble: -0.1, aFloat: 0.5, anInt32: -(2 ** 31), anInt64: -(2n ** 63n) },
    ...{ aUint32: 2 ** 32 - 1, aUint64: 2n ** 64n - 1n, aSint32: -1, aSint64: -1n, aFixed32: 1 },
    ...{
      aFixed64: 1n,
      anSfixed32: -1,
      anSfixed64: -1n,
      aBool: true,
      aString: " spaced ",
      mood: 7 as Mood,
    },
    ...{ aBytes: new Uint8Array([255]), maybe: "", doubles: [1, Number.POSITIVE_INFINITY] },
    ...{ longs: [1n, -1n], bools: [false, true], strings: ["", "a", "b c", ""] },
    ...{ chunks: [new Uint8Array([1]), new Uint8Array([2, 3])], moods: [Mood.BAD, Mood.GOOD] },
    ...{ asText: "-1", asTexts: ["1", "2"], CamelCase: "camel" },
    either: { case: "number", value: 0 },
  });
  const seen: boolean[] = [];
  await using lab = await startMetadataLab({
    async describe(metadata) {
      seen.push(equals(AllKindsSchema, metadata, all));
    },
  });
  for (const wire of wires.filter(({ http }) => http === "2")) {
    await createMetadataServiceClient(ourTransport(lab.url, wire)).describe(all).recv();
  }
  expect(seen).toEqual([true, true, true]);
});

it("each attempt of a retry has it", async () => {
  const joins: Join[] = [];
  const attempts: (string | null)[] = [];
  await using lab = await startMetadataLab({
    async chat(metadata, { context }) {
      joins.push(metadata);
      attempts.push(context.requestHeader.get("grpc-previous-rpc-attempts"));
      if (joins.length < 3) throw new ConnectError("not yet", Code.Unavailable);
    },
  });
  const client = createMetadataServiceClient(ourTransport(lab.url, grpcOn2), {
    retry: { retryableCodes: [Code.Unavailable], initialBackoffMs: 1 },
  });
  expect(await client.chat(ada).recv()).toBeUndefined();
  expectAda(joins, 3);
  expect(attempts).toEqual([null, "1", "2"]);
});

describe("other clients", () => {
  async function withGrpcJs(
    lab: Lab,
    metadata: grpcJs.Metadata,
  ): Promise<grpcJs.ServiceError | { text: string }> {
    const client = new grpcJs.Client(new URL(lab.url).host, grpcJs.credentials.createInsecure());
    try {
      return await new Promise((resolve) => {
        const call = client.makeClientStreamRequest(
          "/lab.v1.MetadataService/Upload",
          () => Buffer.alloc(0),
          (bytes: Buffer) => ({ text: bytes.toString() }),
          metadata,
          (error, response) => resolve(error ?? response ?? { text: "" }),
        );
        call.end();
      });
    } finally {
      client.close();
    }
  }

  it.each(["_", "-"])("grpc-js sends plain metadata, with %s in names", async (separator) => {
    const { joins, handler } = keeper();
    await using lab = await startMetadataLab(handler);
    const metadata = new grpcJs.Metadata();
    metadata.set(`user${separator}id`, "ada");
    metadata.set("level", "3");
    for (const room of ["lobby", "attic"]) metadata.add("rooms", room);
    metadata.set("token-bin", Buffer.from([0, 255]));
    expect(await withGrpcJs(lab, metadata)).not.toBeInstanceOf(Error);
    expect(joins).toMatchObject([
      { userId: "ada", level: 3, rooms: ["lobby", "attic"], token: new Uint8Array([0, 255]) },
    ]);
  });

  it("grpc-js sends any string in base64, and one value each in a list", async () => {
    const { joins, handler } = keeper();
    await using lab = await startMetadataLab(handler);
    const metadata = new grpcJs.Metadata();
    metadata.set("user_id-bin", Buffer.from("née"));
    for (const room of ["a,b", "c"]) metadata.add("rooms-bin", Buffer.from(room));
    expect(await withGrpcJs(lab, metadata)).not.toBeInstanceOf(Error);
    expect(joins).toMatchObject([{ userId: "née", rooms: ["a,b", "c"] }]);
  });

  it("what is wrong is told, and the handler is not called", async () => {
    const { joins, handler } = keeper();
    await using lab = await startMetadataLab(handler);
    const metadata = new grpcJs.Metadata();
    metadata.set("level", "high");
    expect(await withGrpcJs(lab, metadata)).toMatchObject({
      code: grpcJs.status.INVALID_ARGUMENT,
      details:
        'initial metadata: header "level" is "high", allowed: a whole number from -2147483648 to 2147483647',
    });
    expect(joins).toEqual([]);
    await lab.idle();
  });

  it.each([grpcOn2, connectOn2])("Connect's client, $name", async (wire) => {
    const { joins, handler } = keeper();
    await using lab = await startMetadataLab(handler);
    const client = createClient(MetadataService, ourTransport(lab.url, wire));
    async function* notes() {
      yield note("a");
    }
    const headers = { "user-id": "ada", rooms: "lobby,attic" };
    expect((await client.upload(notes(), { headers })).number).toBe(1n);
    expect(joins).toMatchObject([{ userId: "ada", rooms: ["lobby", "attic"] }]);
    const wrong = client.upload(notes(), { headers: { level: "" } });
    expect((await failure(wrong)).code).toBe(Code.InvalidArgument);
  });
});

describe("what the client gives and cannot travel", () => {
  it("fails the call, and nothing is sent", async () => {
    const { handler } = keeper();
    await using lab = await startMetadataLab(handler);
    const client = createMetadataServiceClient(ourTransport(lab.url, grpcOn2));
    const chat = client.chat({ level: 0.5 });
    expect(await failure(chat.recv())).toMatchObject({
      code: Code.Internal,
      rawMessage: expect.stringMatching(/^initial metadata: field level: .*0\.5/),
    });
    expect((await failure(chat.send({}))).code).toBe(Code.Internal);
    expect(await chat.outcome).toMatchObject({ code: Code.Internal, endedBy: "client" });
    expect((await failure(client.upload({ userId: "\ud800" }).closeAndRecv())).code).toBe(
      Code.Internal,
    );
    expect(lab.served).toBe(0);
  });
});

it.each([grpcOn2, connectOn1])("too much for headers is refused, $name", async (wire) => {
  const { joins, handler } = keeper();
  const routes = (router: ConnectRouter) => registerMetadataService(router, handler);
  const server = await serve({ routes, port: 0 });
  const client = createMetadataServiceClient(ourTransport(server.url, wire));
  // Node.js holds its own limit only once the client has acknowledged it.
  await client.upload({}).closeAndRecv();
  const upload = client.upload({ token: new Uint8Array(20_000) });
  const error = await failure(upload.closeAndRecv());
  if (wire.http === "2") expect(error.code).toBe(Code.ResourceExhausted);
  else expect(error.rawMessage).toContain("HTTP 431");
  expect(joins.length).toBe(1);
  await server.close({ graceMs: 0 });
});

it("messages and options are what they always were", async () => {
  const { joins, handler } = keeper();
  await using lab = await startMetadataLab(handler);
  const client = createMetadataServiceClient(ourTransport(lab.url, grpcOn2), { timeoutMs: 60_000 });
  await using chat = client.chat(create(JoinSchema, { userId: "ada" }), {
    headers: new Headers({ "x-a": "b" }),
    timeoutMs: 30_000,
  });
  await chat.send(create(NoteSchema, { text: "whole" }));
  expect((await chat.recv())?.text).toBe("whole");
  expect(joins).toMatchObject([{ userId: "ada", rooms: [] }]);
});
