// SPDX-License-Identifier: Apache-2.0
// Clients on Node's HTTP/2 end a request that they cancel, and reset it in a frame of its own, which
// may come later: the network, or a proxy of TCP, has taken them apart.
import type { StreamOutcome } from "connect-stream";
import { Code } from "connect-stream";
import { type StreamNodeAdapterOptions, streamNodeAdapter } from "connect-stream/node";
import { describe, expect, it, onTestFinished } from "vitest";
import manifest from "../../runtime/package.json" with { type: "json" };
import { Attacker, ErrorCode, lastData } from "../attacks/attacker.js";
import { type Frame, frame, uint32 } from "../http2/support/frames.js";
import { ourTransport } from "../support/clients/transports.js";
import { FrameType } from "../support/frame-server.js";
import { until } from "../support/gate.js";
import {
  createLabServiceClient,
  type LabServiceHandler,
} from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { noteEnvelope } from "../support/raw.js";
import { wires } from "../support/wires.js";

const ACK = 1;
const END_STREAM = 1;
const EMPTY = new Uint8Array();

/** Takes what comes, and says whether it was an end. */
function recorder() {
  const seen: string[] = [];
  const outcomes: StreamOutcome[] = [];
  const count = async (messages: AsyncIterable<unknown>) => {
    try {
      for await (const _ of messages) seen.push("message");
      seen.push("end");
    } catch (error) {
      seen.push("error");
      throw error;
    }
  };
  const handler: Partial<LabServiceHandler> = {
    async upload(stream) {
      await count(stream);
      await stream.sendAndClose({ text: "done" });
    },
    chat: (stream) => count(stream),
    async download(request, stream) {
      seen.push("request");
      await stream.send(request);
    },
  };
  const observer = { open: () => ({ onEnd: (outcome: StreamOutcome) => outcomes.push(outcome) }) };
  return { seen, outcomes, handler, service: { observer } };
}

const hosts = [
  { host: "serve", listener: undefined },
  { host: "streamNodeAdapter", listener: streamNodeAdapter },
];

describe.each(hosts)("$host", ({ listener }) => {
  async function start(userAgent: string | undefined, rpc: "Upload" | "Chat" | "Download") {
    const record = recorder();
    const { handler, service } = record;
    const lab = await startLab(handler, { service, ...(listener && { listener }) });
    onTestFinished(() => lab[Symbol.asyncDispose]());
    const client = new Attacker(lab.port);
    onTestFinished(() => client.leave());
    const fields = userAgent === undefined ? [] : ([["user-agent", userAgent]] as const);
    client.write(client.call(1, rpc, fields));
    const pings = () => client.frames.filter(isPing);
    let answered = 0;
    /** Answers all pings so far. */
    const answer = () => {
      const due = pings().slice(answered);
      answered += due.length;
      if (due.length > 0) client.write(Buffer.concat(due.map(answerTo)));
    };
    /** Answers pings as they come. */
    const answerUntil = (condition: () => boolean) =>
      until(() => {
        answer();
        return condition();
      });
    const cancel = () => client.write(frame(FrameType.RST_STREAM, 0, 1, uint32(ErrorCode.CANCEL)));
    const trailers = () =>
      client.frames.some(({ type, flags }) => type === FrameType.HEADERS && flags & END_STREAM);
    return { ...record, client, pings, answer, answerUntil, cancel, trailers };
  }

  const clients = ["grpc-node-js/1.14.0", "connect-es/2.1.2", "something/1", undefined];

  it.each(clients)("%s: a reset long after the end of an upload is a cancel", async (agent) => {
    const call = await start(agent, "Upload");
    call.client.write(frame(FrameType.DATA, 0, 1, noteEnvelope()));
    call.client.write(lastData(1, EMPTY));
    await until(() => call.pings().length > 0);
    // nghttp2 sends an answer before a reset that has waited longer.
    call.answer();
    await until(() => call.pings().length > 1);
    call.cancel();
    await call.answerUntil(() => call.outcomes.length > 0);
    expect(call.seen).toEqual(["message", "error"]);
    expect(call.outcomes).toMatchObject([{ code: Code.Canceled }]);
  });

  it("a reset long after an end without a request is a cancel", async () => {
    const call = await start("grpc-node-js/1.14.0", "Download");
    call.client.write(lastData(1, EMPTY));
    await until(() => call.pings().length > 0);
    call.cancel();
    await call.answerUntil(() => call.outcomes.length > 0);
    expect(call.outcomes).toMatchObject([{ code: Code.Canceled }]);
  });

  it("an end that is none is told with the second answer", async () => {
    const call = await start("grpc-node-js/1.14.0", "Upload");
    call.client.write(lastData(1, noteEnvelope()));
    await until(() => call.pings().length > 0 && call.seen.length > 0);
    call.answer();
    await until(() => call.pings().length > 1);
    expect(call.seen).toEqual(["message"]);
    await call.answerUntil(call.trailers);
    expect(call.seen).toEqual(["message", "end"]);
  });

  it("two pings are enough for all that end before the answer to the first", async () => {
    const call = await start("grpc-node-js/1.14.0", "Chat");
    const others = [3, 5, 7];
    for (const id of others) call.client.write(call.client.call(id, "Chat"));
    for (const id of [1, ...others]) call.client.write(lastData(id, noteEnvelope()));
    await until(() => call.seen.length === 4 && call.pings().length > 0);
    expect(call.pings()).toHaveLength(1);
    await call.answerUntil(() => call.outcomes.length === 4);
    expect(call.pings()).toHaveLength(2);
    expect(call.outcomes).toMatchObject(Array(4).fill({ code: undefined }));
  });

  it("an end waits for answers that come after it", async () => {
    const call = await start("grpc-node-js/1.14.0", "Upload");
    call.client.write(call.client.call(3, "Upload"));
    call.client.write(lastData(3, noteEnvelope()));
    await until(() => call.pings().length > 0);
    call.answer();
    await until(() => call.pings().length > 1);
    call.client.write(lastData(1, noteEnvelope()));
    await until(() => call.seen.length === 2);
    call.answer();
    await until(() => call.pings().length > 2);
    call.cancel();
    await call.answerUntil(() => call.outcomes.length === 2);
    expect(call.outcomes).toMatchObject([{ code: undefined }, { code: Code.Canceled }]);
  });

  it("a client that answers no pings is waited for in vain, but not for ever", async () => {
    const call = await start("something/1", "Upload");
    call.client.write(lastData(1, noteEnvelope()));
    await until(call.trailers);
    expect(call.seen).toEqual(["message", "end"]);
  });

  const atOnce = [
    "grpc-go/1.70.0",
    "connect-go/1.18.1 (go1.24)",
    "my-app/2 grpc-python/1.70 grpc-c/40",
  ];

  it.each(atOnce)("%s ends nothing that it cancels, and gets no ping", async (agent) => {
    const call = await start(agent, "Upload");
    call.client.write(lastData(1, noteEnvelope()));
    await until(call.trailers);
    expect(call.pings()).toEqual([]);
  });

  it("a unary form with its message ends at once", async () => {
    const call = await start("grpc-node-js/1.14.0", "Download");
    call.client.write(lastData(1, noteEnvelope()));
    await until(call.trailers);
    expect(call.pings()).toEqual([]);
  });
});

it.each(wires)("$name: our client says who it is, unless its user does", async (wire) => {
  const agents: (string | null)[] = [];
  const note = ({ requestHeader }: { requestHeader: Headers }) => {
    agents.push(requestHeader.get("user-agent"));
    return { text: "seen" };
  };
  const options: { http: typeof wire.http; adapter: Omit<StreamNodeAdapterOptions, "routes"> } = {
    http: wire.http,
    adapter: {},
  };
  await using lab = await startLab(
    {
      unary: (_request, context) => note(context),
      async download(_request, stream) {
        await stream.send(note(stream.context));
      },
    },
    options,
  );
  const client = createLabServiceClient(ourTransport(lab.url, wire));
  await client.unary({});
  const forms: HeadersInit[] = [
    { "User-Agent": "mine/1" },
    [["USER-AGENT", "mine/1"]],
    new Headers({ "user-agent": "mine/1" }),
  ];
  for (const headers of forms) for await (const _ of client.download({}, { headers }));
  await client.unary({}, { headers: { "x-other": "1" } });
  const ours = `connect-stream/${manifest.version}`;
  expect(agents).toEqual([ours, "mine/1", "mine/1", "mine/1", ours]);
});

function isPing({ type, flags }: Frame): boolean {
  return type === FrameType.PING && !(flags & ACK);
}

function answerTo({ payload }: Frame): Uint8Array {
  return frame(FrameType.PING, ACK, 0, payload);
}
