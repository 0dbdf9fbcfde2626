// SPDX-License-Identifier: Apache-2.0
// A page that calls servers of other origins, as Chromium runs it for ../browser.suite.ts: what it saw goes
// back to its own server.
import { ConnectError, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import {
  createLabServiceClient,
  type LabServiceClient,
} from "../../support/gen/lab/v1/lab_stream.js";
import type { PageResult, Question } from "./result.js";

const transports = { connect: createConnectTransport, "grpc-web": createGrpcWebTransport };

async function ask({ protocol, url, streams }: Question): Promise<PageResult> {
  const transport = transports[protocol]({ baseUrl: url });
  const client = createLabServiceClient(transport);
  return {
    unary: await unary(client),
    failed: await codeOf(client.unary({ text: "fail" })),
    streamed: await streamed(client),
    failedLate: await failedLate(client),
    atOnce: await atOnce(client, streams),
    cancelled: await cancelled(client, `${protocol} ${url}`),
  };
}

/** A call with a header of the page's own; of the answer, the page may read what is exposed. */
async function unary(client: LabServiceClient) {
  let cost: string | null = null;
  const { text } = await client.unary(
    { text: "hi" },
    {
      headers: { "x-token": "secret" },
      onHeader(headers) {
        cost = headers.get("x-cost");
      },
    },
  );
  return { text, cost };
}

/** Each message arrives while the handler waits for the page to say so. */
async function streamed(client: LabServiceClient): Promise<string[]> {
  const stream = client.download({ text: "in turns", number: 3n });
  const texts = [];
  for await (const { text } of stream) {
    texts.push(text);
    await client.unary({ text: "next" });
  }
  return texts;
}

async function failedLate(client: LabServiceClient): Promise<string[]> {
  const stream = client.download({ text: "fail" });
  const first = await stream.recv();
  return [first?.text ?? "no message", await codeOf(stream.recv())];
}

/** Streams that are open side by side, and then left. */
async function atOnce(client: LabServiceClient, count: number): Promise<number> {
  const streams = Array.from({ length: count }, () => client.download({ text: "hang" }));
  const first = await Promise.all(streams.map((stream) => stream.recv()));
  for (const stream of streams) stream.close();
  return first.filter((message) => message?.text === "hang").length;
}

/** Leaves a stream that has nothing to send. */
async function cancelled(client: LabServiceClient, name: string): Promise<string> {
  const controller = new AbortController();
  const stream = client.download({ text: `hang ${name}` }, { signal: controller.signal });
  await stream.recv();
  controller.abort();
  return codeOf(stream.recv());
}

function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "no error",
    (error: unknown) => {
      const { code, rawMessage } = ConnectError.from(error);
      return `${code} ${rawMessage}`;
    },
  );
}

async function forbidden(url: string): Promise<string> {
  const transport: Transport = createConnectTransport({ baseUrl: url });
  return codeOf(createLabServiceClient(transport).unary({ text: "hi" }));
}

const tell = (path: string, what: unknown) =>
  fetch(path, { method: "POST", body: JSON.stringify(what) });

try {
  const { questions, stranger } = await (await fetch("/questions")).json();
  const results = [];
  for (const question of questions) results.push(await ask(question));
  await tell("/result", { results, stranger: await forbidden(stranger) });
} catch (error) {
  await tell("/result", { failure: String(error) });
}
