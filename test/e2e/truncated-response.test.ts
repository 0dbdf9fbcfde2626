// SPDX-License-Identifier: Apache-2.0
import { Readable } from "node:stream";
import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { failure, gate } from "../support/gate.js";
import { createLabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import { serveLab } from "../support/lab.js";
import { note } from "../support/note.js";
import { envelope, noteEnvelope } from "../support/raw.js";
import { connectOn2, grpcOn2, grpcWebOn2, type Wire } from "../support/wires.js";

/** A chat with a server that answers with `body`, and ends the response when told. */
async function start(wire: Wire, body: Uint8Array) {
  const over = gate();
  const type = wire.protocol === "connect" ? "application/connect+proto" : "application/grpc-web";
  async function* sent() {
    yield body;
    await over.promise;
  }
  const lab = await serveLab((_request, response) => {
    response.writeHead(200, { "content-type": type });
    Readable.from(sent()).pipe(response);
  }, "2");
  const chat = createLabServiceClient(ourTransport(lab.url, wire)).chat();
  return { lab, chat, over };
}

describe.each([
  { ...connectOn2, code: Code.InvalidArgument },
  { ...grpcWebOn2, code: Code.Internal },
])("a response that ends without its last envelope, $name", ({ code, ...wire }) => {
  it("fails the call for those who only send, and gives what came before", async () => {
    const { lab, chat, over } = await start(wire, noteEnvelope(note("whole")));
    await using _ = lab;
    await chat.header;
    over.resolve();
    const outcome = await chat.outcome;
    expect(outcome).toMatchObject({ code, endedBy: "server", received: { messages: 1 } });
    expect((await failure(chat.send({}))).code).toBe(code);
    expect(await chat.recv()).toMatchObject({ text: "whole" });
    expect(await failure(chat.recv())).toBe(outcome.error);
  });

  it("does so when it breaks off in the middle of a message", async () => {
    const cut = envelope(new Uint8Array(10), 0, 1000);
    const { lab, chat, over } = await start(wire, Buffer.concat([noteEnvelope(), cut]));
    await using _ = lab;
    await chat.header;
    over.resolve();
    expect(await chat.outcome).toMatchObject({ code, received: { messages: 1 } });
    expect(await chat.recv()).toMatchObject({ text: "hello" });
    expect((await failure(chat.recv())).code).toBe(code);
  });
});

it("settles the header of a response whose headers have an error, though it goes on and succeeds", async () => {
  await using lab = await serveLab((_request, response) => {
    response.writeHead(200, { "content-type": "application/grpc", "grpc-status": "5" });
    response.addTrailers({ "grpc-status": "0" });
    response.end(noteEnvelope(note("more")));
  }, "2");
  const call = createLabServiceClient(ourTransport(lab.url, grpcOn2)).download({});
  expect(await call.recv()).toMatchObject({ text: "more" });
  expect(await call.recv()).toBeUndefined();
  expect((await call.header).get("grpc-status")).toBe("5");
  expect(await call.outcome).toMatchObject({ code: undefined });
});
