// SPDX-License-Identifier: Apache-2.0
// What a client is told of a call that it describes badly.
import { Code, type Transport } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { connectNodeTransport, ourTransport } from "../support/clients/transports.js";
import { failure } from "../support/gate.js";
import { createLabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import { createMetadataServiceClient } from "../support/gen/lab/v1/metadata_stream.js";
import { type Lab, startLab } from "../support/lab.js";
import { grpcOn2 } from "../support/wires.js";

const message = expect.stringMatching(/^headers of the call: .*x y/);
const headers = { "x y": "1" };
const retry = { retryableCodes: [Code.Unavailable, Code.Internal] };

describe.each([
  ["our transport", ourTransport],
  ["a transport of Connect's", connectNodeTransport],
])("on %s", (_, create) => {
  const transportTo = (lab: Lab): Transport => create(lab.url, grpcOn2);

  it.each([
    ["alone", {}],
    ["with an observer", { observer: { open: () => undefined } }],
    ["with retries", { retry }],
  ])("a header that cannot be sent ends the call, and nothing is sent: %s", async (_, options) => {
    await using lab = await startLab({});
    const client = createLabServiceClient(transportTo(lab), options);
    const download = client.download({}, { headers });
    const chat = client.chat({ headers });
    const calls = [
      client.unary({}, { headers }),
      download.recv(),
      client.upload({ headers }).closeAndRecv(),
      chat.send({}),
      chat.recv(),
      chat.header,
    ];
    const errors = await Promise.all(calls.map(failure));
    for (const error of errors) {
      expect(error).toMatchObject({ code: Code.Internal, rawMessage: message });
    }
    const outcome = { code: Code.Internal, endedBy: "client", attempts: 1 };
    expect(await download.outcome).toMatchObject(outcome);
    expect(lab.served).toBe(0);
  });

  it("so it does where initial metadata goes with the headers", async () => {
    await using lab = await startLab({});
    const chat = createMetadataServiceClient(transportTo(lab)).chat({ userId: "ada" }, { headers });
    const error = await failure(chat.recv());
    expect(error).toMatchObject({ code: Code.Internal, rawMessage: message });
    expect(lab.served).toBe(0);
  });

  it.each([
    ["alone", {}],
    ["with retries", { retry }],
  ])("a send with a signal that is none rejects, and sends nothing: %s", async (_, options) => {
    const texts: string[] = [];
    await using lab = await startLab({
      async upload(stream) {
        for await (const { text } of stream) texts.push(text);
        await stream.sendAndClose({});
      },
      async chat(stream) {
        for await (const { text } of stream) texts.push(text);
      },
    });
    const client = createLabServiceClient(transportTo(lab), options);
    const upload = client.upload();
    const chat = client.chat();
    const bad = { signal: 5 } as never;
    for (const stream of [upload, chat]) {
      // Rejects, and does not throw.
      const sent = stream.send({ text: "bad" }, bad);
      await expect(sent).rejects.toBeInstanceOf(TypeError);
      await expect(sent).rejects.toThrow("signal must be an AbortSignal, not 5");
      await stream.send({ text: "good" });
    }
    await upload.closeAndRecv();
    await chat.closeSend();
    expect(await chat.recv()).toBeUndefined();
    expect(texts).toEqual(["good", "good"]);
  });

  it("a signal that is none is named", async () => {
    await using lab = await startLab({ download: () => new Promise(() => undefined) });
    const client = createLabServiceClient(transportTo(lab));
    await using stream = client.download({});
    const recv = stream.recv.bind(stream) as (options: object) => Promise<unknown>;
    const named = "signal must be an AbortSignal, not 5";
    // Whether it throws or rejects.
    await expect((async () => recv({ signal: 5 }))()).rejects.toThrow(named);
  });
});

it.each([undefined, null, {}, "http://localhost"])(
  "a client without a transport says so when it is created: %j",
  (transport) => {
    const create = () => createLabServiceClient(transport as never);
    expect(create).toThrow(TypeError);
    expect(create).toThrow(/the client of lab\.v1\.LabService needs a transport/);
  },
);
