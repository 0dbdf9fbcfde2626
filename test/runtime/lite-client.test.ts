// SPDX-License-Identifier: Apache-2.0
// What generated code gets in a bundle with the condition `connect-stream-lite`.
import { Code, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import * as full from "../../runtime/src/codegenv1/index.js";
import * as lite from "../../runtime/src/codegenv1/lite.js";
import { failure } from "../support/gate.js";
import { LabService } from "../support/gen/lab/v1/lab_pb.js";
import { type LabServiceClient, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { JoinSchema } from "../support/gen/lab/v1/metadata_pb.js";
import { SequenceService } from "../support/gen/lab/v1/sequence_pb.js";
import {
  registerSequenceService,
  type SequenceServiceClient,
} from "../support/gen/lab/v1/sequence_stream.js";

const transport = createRouterTransport((router) => {
  registerLabService(router, {
    unary: ({ text }) => ({ text: `${text}!` }),
    async download({ text }, stream) {
      await stream.send({ text });
      await stream.send({ text });
    },
    async upload(stream) {
      const texts: string[] = [];
      for await (const { text } of stream) texts.push(text);
      await stream.sendAndClose({ text: texts.join() });
    },
    async chat(stream) {
      await stream.recv({ signal: stream.context.signal });
    },
  });
  registerSequenceService(router, {
    async download(_request, stream) {
      await stream.send({ heartbeat: true });
      await stream.send({ number: 1n });
    },
    async upload({ userId }, stream) {
      await stream.sendAndClose({ text: userId });
    },
  });
});

const client = lite.createPlainServiceClient<LabServiceClient>(LabService, transport);

it("has all that generated code calls", () => {
  expect(Object.keys(lite).sort()).toEqual(Object.keys(full).sort());
});

it("calls RPCs of all kinds", async () => {
  expect(await client.unary({ text: "a" })).toMatchObject({ text: "a!" });
  const texts: string[] = [];
  for await (const { text } of client.download({ text: "b" })) texts.push(text);
  expect(texts).toEqual(["b", "b"]);
  const upload = client.upload();
  await Promise.all(["c", "d"].map((text) => upload.send({ text })));
  expect(await upload.closeAndRecv()).toMatchObject({ text: "c,d" });
  const chat = client.chat();
  chat.close();
  expect((await failure(chat.recv())).code).toBe(Code.Canceled);
});

it("has deadlines: of a call, then of the client, then of the schema", async () => {
  const specs = { chat: { policy: { timeoutMs: 1 } } };
  const create = lite.createPlainServiceClient<LabServiceClient>;
  const codes = [
    create(LabService, transport, {}, specs).chat(),
    create(LabService, transport, { timeoutMs: 1 }).chat(),
    create(LabService, transport, { timeoutMs: 1_000_000 }, specs).chat({ timeoutMs: 1 }),
  ].map(async (stream) => (await failure(stream.recv())).code);
  expect(await Promise.all(codes)).toEqual(Array(3).fill(Code.DeadlineExceeded));
  const unlimited = create(LabService, transport, { timeoutMs: 0 }, specs).download({ text: "e" });
  expect(await unlimited.recv()).toMatchObject({ text: "e" });
  expect(() => create(LabService, transport, { timeoutMs: -1 })).toThrow(
    "timeoutMs must be a number, at least 0, not -1",
  );
});

it("skips heartbeats, and sends initial metadata", async () => {
  const sequence = lite.createServiceClient<SequenceServiceClient>(
    SequenceService,
    transport,
    {},
    {
      download: { heartbeat: { field: "heartbeat", intervalMs: 1000 } },
      upload: { initialMetadata: JoinSchema },
    },
  );
  expect(await sequence.download({}).recv()).toMatchObject({ number: 1n });
  expect(await sequence.upload({ userId: "ada" }).closeAndRecv()).toMatchObject({ text: "ada" });
});

describe("an option whose code is left out throws", () => {
  const refusal = (name: string) =>
    new RangeError(`${name} is not in this bundle: the condition connect-stream-lite is set`);

  it.each([
    ["retry", {}],
    ["timeouts", { idleMs: 1 }],
    ["limits", { readMaxBytes: 1 }],
    ["queues", { send: {} }],
    ["observer", { open: () => undefined }],
  ])("%s", async (name, value) => {
    const create = (options: object, specs = {}) =>
      lite.createPlainServiceClient<LabServiceClient>(LabService, transport, options, specs);
    expect(() => create({ [name]: value })).toThrow(refusal(name));
    expect(() => create({}, { chat: { policy: { [name]: value } } })).toThrow(refusal(name));
    expect(() => client.chat({ [name]: value })).toThrow(refusal(name));
    await expect(client.unary({}, { [name]: value })).rejects.toThrow(refusal(name));
    expect(create({ [name]: undefined })).toBeDefined();
  });

  it("but not where it is turned off", async () => {
    expect(await client.unary({ text: "f" }, { retry: false })).toMatchObject({ text: "f!" });
  });
});
