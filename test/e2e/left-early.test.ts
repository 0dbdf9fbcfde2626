// SPDX-License-Identifier: Apache-2.0
// Clients that have left before streamNodeAdapter gets their request, because a middleware took its time.
import { connect } from "node:net";
import { Code, type StreamOutcome } from "connect-stream";
import { type NodeListener, streamNodeAdapter } from "connect-stream/node";
import express from "express";
import { describe, expect, it } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { gate, until } from "../support/gate.js";
import {
  createLabServiceClient,
  type LabServiceHandler,
} from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { connectOn1, connectOn2 } from "../support/wires.js";

/** Whatever is asked for takes until the client leaves. */
const endless: LabServiceHandler = {
  unary: async (_request, { signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    throw signal.reason;
  },
  download: async (_request, { context: { signal } }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  },
  upload: async (stream) => {
    for await (const _ of stream);
  },
  chat: async (stream) => {
    for await (const _ of stream);
  },
};

/** How the calls of a server ended. */
function recorder() {
  const outcomes: StreamOutcome[] = [];
  const observer = { open: () => ({ onEnd: (outcome: StreamOutcome) => outcomes.push(outcome) }) };
  return { outcomes, service: { observer } };
}

const canceled = { code: Code.Canceled };

describe.each([connectOn1, connectOn2])("$name", (wire) => {
  it.each(["unary", "download", "upload"] as const)("%s ends when it begins", async (kind) => {
    const arrived = gate();
    const { outcomes, service } = recorder();
    await using lab = await startLab(endless, {
      http: wire.http,
      service,
      listener(options): NodeListener {
        const adapter = streamNodeAdapter(options);
        return (request, response) => {
          response.once("close", () => setImmediate(adapter, request, response));
          arrived.resolve();
        };
      },
    });
    const client = createLabServiceClient(ourTransport(lab.url, wire));
    const abort = new AbortController();
    const { signal } = abort;
    const open = {
      unary: () => client.unary({ text: "one" }, { signal }),
      download: () => client.download({ text: "one" }, { signal }).recv(),
      upload: async () => {
        const stream = client.upload({ signal });
        await stream.send({ text: "one" });
        await stream.closeAndRecv();
      },
    };
    const call = open[kind]().catch(() => undefined);
    await arrived.promise;
    abort.abort();
    await call;
    await until(() => outcomes.length > 0);
    expect(outcomes).toMatchObject([canceled]);
  });
});

it.each([
  ["an upload that has not ended", "application/connect+json", 500],
  ["a whole request", "application/json", 2],
])("behind Express, 100 clients that leave at once leave nothing open: %s", async (...request) => {
  const [, type, length] = request;
  const { outcomes, service } = recorder();
  const passOn: (() => void)[] = [];
  let closed = 0;
  await using lab = await startLab(endless, {
    http: "1.1",
    service,
    listener(options) {
      const app = express();
      app.use(async (_request, response, next) => {
        response.once("close", () => closed++);
        await new Promise<void>((resolve) => passOn.push(resolve));
        next();
      });
      app.use(streamNodeAdapter(options));
      return app as NodeListener;
    },
  });
  const path = type === "application/json" ? "Unary" : "Upload";
  const head = `POST /lab.v1.LabService/${path} HTTP/1.1\r\nhost: lab\r\ncontent-type: ${type}\r\n`;
  const sockets = Array.from({ length: 100 }, () => connect(lab.port, "127.0.0.1"));
  for (const socket of sockets) {
    socket.on("error", () => undefined);
    socket.write(`${head}content-length: ${length}\r\n\r\n{}`);
  }
  await until(() => passOn.length === 100);
  // Half of them are told of before their request is passed on, and half after that.
  for (const socket of sockets.slice(0, 50)) socket.destroy();
  await until(() => closed === 50);
  for (const next of passOn) next();
  for (const socket of sockets) socket.destroy();
  await until(() => outcomes.length === 100);
  expect(new Set(outcomes.map(({ code }) => code))).toEqual(new Set([Code.Canceled]));
});
