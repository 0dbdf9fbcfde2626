// SPDX-License-Identifier: Apache-2.0
// Streams that send all the time share their connection with younger calls. Left to itself, nghttp2
// of Node.js 22 and later serves the oldest stream first, and the youngest never.
import { describe, expect, it } from "vitest";
import { startChild } from "../load/commands.js";
import { generatedClient } from "../support/clients/generated.js";
import { combinations } from "../support/clients/kinds.js";
import type { TestCall, TestClient } from "../support/clients/test-client.js";
import { ourTransport } from "../support/clients/transports.js";
import type { LabServiceHandler } from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { grpcOn2, wires } from "../support/wires.js";

/** More than the windows of a connection have room for. */
const BUSY = 12;

/** More messages than anybody takes. */
const ENDLESS = 2n ** 40n;

/** Few to a batch: it is bytes that keep a connection busy. */
const large = { text: "x".repeat(8192) };

const handler: Partial<LabServiceHandler> = {
  unary: async ({ text }) => ({ text }),
  async upload(stream) {
    while (await stream.recv());
    await stream.sendAndClose({});
  },
  async chat(stream) {
    for await (const message of stream) await stream.send(message);
  },
};

/** Receives until the call is cancelled. */
async function receive(call: TestCall): Promise<void> {
  while (await call.recv());
}

/** Sends until the call is cancelled. */
async function send(call: TestCall): Promise<void> {
  for (;;) await call.send(large);
}

async function expectService(client: TestClient): Promise<void> {
  for (const text of ["a", "b"]) expect((await client.unary({ text })).text).toBe(text);
  const chat = client.chat();
  for (const text of ["a", "b"]) {
    await chat.send({ text });
    expect((await chat.recv())?.text).toBe(text);
  }
  chat.cancel();
}

async function end(calls: readonly TestCall[], loops: readonly Promise<void>[]): Promise<void> {
  for (const call of calls) call.cancel();
  await Promise.allSettled(loops);
}

describe.each(["generated client", "Connect's client", "grpc-js"])("%s, gRPC", (name) => {
  it("calls get their turn beside downloads that never stop", async () => {
    const kind = combinations.find(({ wire, client }) => wire === grpcOn2 && client.name === name);
    // A process of its own can send more than its clients take.
    await using server = startChild("server.ts");
    const client = kind?.client.create(await server.ask<string>("listen", {}), grpcOn2);
    if (!client) throw new Error(`no such client: ${name}`);
    const calls: TestCall[] = [];
    const loops: Promise<void>[] = [];
    for (let i = 0; i < BUSY; i++) {
      const call = client.download({ number: ENDLESS });
      calls.push(call);
      await call.recv();
      // One reader has stopped, and the others do not wait for it.
      if (i > 0) loops.push(receive(call));
    }
    await expectService(client);
    await end(calls, loops);
    client.close();
  });
});

describe.each(wires.filter(({ http }) => http === "2"))("$name", (wire) => {
  it("calls get their turn beside uploads that never stop", async () => {
    await using lab = await startLab(handler);
    const client = generatedClient(ourTransport(lab.url, wire));
    const calls = Array.from({ length: BUSY }, () => client.upload());
    const loops = calls.map(send);
    await expectService(client);
    await end(calls, loops);
  });
});
