// SPDX-License-Identifier: Apache-2.0
// Recordings of `connect-stream call` as scripts: of the client, and of the server.
import { create, createRegistry } from "@bufbuild/protobuf";
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { parseRecording, scripted, testCall } from "connect-stream/testing";
import { expect, it } from "vitest";
import { LabService, NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import {
  createLabServiceClient,
  type LabServiceHandler,
  registerLabService,
} from "../support/gen/lab/v1/lab_stream.js";

const { unary, download, upload, chat } = LabService.method;
const lines = (...steps: unknown[]) => steps.map((step) => `${JSON.stringify(step)}\n`).join("");

const recorded = {
  unary: lines({ send: { text: "a" } }, "closeSend", { recv: { text: "A" } }, "end"),
  download: lines(
    { send: { number: "1" } },
    "closeSend",
    { recv: { number: "2" } },
    { recv: { number: "3" } },
    "cancel",
  ),
  upload: lines(
    { send: { text: "a" } },
    { send: { text: "b" } },
    "closeSend",
    { recv: { text: "ab" } },
    "end",
  ),
  chat: lines({ recv: { text: "ready" } }, { send: { text: "fail" } }, "closeSend", {
    fails: "not_found",
  }),
};

/** What has been recorded. */
const handler = {
  async unary({ text }) {
    return { text: text.toUpperCase() };
  },
  async download({ number }, stream) {
    for (let i = number + 1n; ; i++) await stream.send({ number: i });
  },
  async upload(stream) {
    const texts: string[] = [];
    for await (const { text } of stream) texts.push(text);
    await stream.sendAndClose({ text: texts.join("") });
  },
  async chat(stream) {
    await stream.send({ text: "ready" });
    await stream.recv();
    throw new ConnectError("no", Code.NotFound);
  },
} satisfies LabServiceHandler;

it("is played against a handler, for each kind", async () => {
  const one = parseRecording(unary, recorded.unary);
  await testCall(unary, handler.unary, one.request).play(one.client);
  const many = parseRecording(download, recorded.download);
  await testCall(download, handler.download, many.request).play(many.client);
  await testCall(upload, handler.upload).play(parseRecording(upload, recorded.upload).client);
  await testCall(chat, handler.chat).play(parseRecording(chat, recorded.chat).client);
});

it("shows what a handler does otherwise, in all fields", async () => {
  const { request, client } = parseRecording(unary, recorded.unary);
  const other = async () => ({ text: "A", number: 1n });
  await expect(testCall(unary, other, request).play(client)).rejects.toMatchObject({
    name: "ScriptError",
    actual: expect.stringContaining("number: 1n"),
  });
});

it("is a server, for code that uses a client", async () => {
  const handlers = {
    download: scripted(download, parseRecording(download, recorded.download).server),
    upload: scripted(upload, parseRecording(upload, recorded.upload).server),
    chat: scripted(chat, parseRecording(chat, recorded.chat).server),
  };
  const client = createLabServiceClient(
    createRouterTransport((router) => void registerLabService(router, handlers)),
  );
  const numbers: bigint[] = [];
  for await (const { number } of client.download({ number: 1n })) {
    if (numbers.push(number) === 2) break;
  }
  expect(numbers).toEqual([2n, 3n]);
  const sending = client.upload();
  for (const text of ["a", "b"]) await sending.send({ text });
  expect((await sending.closeAndRecv()).text).toBe("ab");
  const talk = client.chat();
  expect((await talk.recv())?.text).toBe("ready");
  await talk.send({ text: "fail" });
  await talk.closeSend();
  await expect(talk.recv()).rejects.toMatchObject({ code: Code.NotFound });
  for (const { done } of Object.values(handlers)) await done();
});

it("has a server that waits for the half-close", () => {
  const steps = parseRecording(upload, recorded.upload).server.map((step) =>
    typeof step === "string" ? step : Object.keys(step)[0],
  );
  expect(steps).toEqual(["recv", "recv", "end", "send"]);
});

it("has an empty request where none was sent", () => {
  const { request } = parseRecording(unary, lines("closeSend", { recv: {} }, "end"));
  expect(request).toEqual(create(NoteSchema));
});

it.each([
  ["", "the recording has no steps"],
  ['"end"\n\nhello\n', "line 3 of the recording is not a step, but hello: use "],
  ['{"fails":"not_fond"}', "line 1 of the recording: unknown status not_fond; known: canceled"],
  [
    '{"recv":{"txt":""}}',
    'line 1 of the recording: cannot decode message lab.v1.Note from JSON: key "txt"',
  ],
])("says what is wrong with %j", (text, message) => {
  expect(() => parseRecording(chat, text, { registry: createRegistry() })).toThrow(message);
});
