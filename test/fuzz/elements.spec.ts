// SPDX-License-Identifier: Apache-2.0
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { serve } from "connect-stream/node";
import { expect, it, onTestFinished } from "vitest";
import { ownTransport } from "../faults/transport.js";
import { createLabServiceClient, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { envelope, rawHttp2, statusOf } from "../support/raw.js";
import { connectOn1 } from "../support/wires.js";
import { anyMessage, type Sized } from "./elements.js";
import { caseName, cases, printedSeed, Random } from "./random.js";

const TIMEOUT_MS = 60 * 60_000;

/** Where messages go in: in envelopes, or as a whole body. */
const forms = [
  { type: "application/grpc", path: "Unary", encoding: "grpc-encoding" },
  { type: "application/grpc", path: "Upload", encoding: "grpc-encoding" },
  { type: "application/grpc-web", path: "Upload", encoding: "grpc-encoding" },
  { type: "application/connect", path: "Upload", encoding: "connect-content-encoding" },
  { type: "application", path: "Unary", encoding: "content-encoding" },
] as const;

it(
  "no message becomes more elements than it may, and one that does not is read",
  async () => {
    const seed = printedSeed("fuzz elements");
    const total = cases(60, 2000);
    await using server = await startServer();
    await using upstream = await startUpstream();
    const counts: Record<string, number> = {};
    for (let i = 0; i < total; i++) {
      const random = new Random(seed + i);
      const message = anyMessage(random);
      const byServer = random.chance(0.5);
      const found = byServer
        ? await server.take(message, random)
        : await upstream.answerWith(message);
      const { codec, encoding, elements, tooMany } = message;
      const what = `${codec} ${encoding}, ${elements} elements: ${caseName("elements", seed + i)}`;
      expect(found, what).toBe(tooMany ? "resource_exhausted" : "");
      const count = `${byServer ? "server" : "client"} ${tooMany ? "refuses" : "reads"}`;
      counts[count] = (counts[count] ?? 0) + 1;
    }
    console.log(`fuzz elements: ${total} messages`, counts);
    if (total >= 60) expect(Object.keys(counts)).toHaveLength(4);
  },
  TIMEOUT_MS,
);

/** A server of ours, which reads messages. */
async function startServer() {
  const server = await serve({
    routes: (router) =>
      registerLabService(router, {
        unary: async () => ({}),
        async upload(stream) {
          await stream.recv();
          await stream.sendAndClose({});
        },
      }),
  });
  return {
    take({ codec, encoding, bytes }: Sized, random: Random): Promise<string> {
      const form = random.pick(forms);
      const body = form.type === "application";
      const headers = {
        ":path": `/lab.v1.LabService/${form.path}`,
        "content-type": `${form.type}${body ? "/" : "+"}${codec}`,
        ...(encoding !== "identity" && { [form.encoding]: encoding }),
      };
      const data = body ? bytes : envelope(bytes, encoding === "identity" ? 0 : 1);
      return rawHttp2(server.url, headers, [data]).then(statusOf);
    },
    [Symbol.asyncDispose]: () => server.close({ graceMs: 0 }),
  };
}

/** A server that is not ours: answers with a message, which our client reads. */
async function startUpstream() {
  let answer: Sized | undefined;
  const server = createServer((request, response) => {
    request.resume();
    const { codec = "proto", encoding = "identity", bytes } = answer ?? {};
    response.setHeader("content-type", `application/${codec}`);
    response.setHeader("content-encoding", encoding);
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    async answerWith(message: Sized): Promise<string> {
      answer = message;
      using own = ownTransport(url, connectOn1, { useBinaryFormat: message.codec === "proto" });
      try {
        await createLabServiceClient(own.transport).unary({});
        return "";
      } catch (error) {
        const { code } = ConnectError.from(error);
        return code === Code.ResourceExhausted ? "resource_exhausted" : String(error);
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
