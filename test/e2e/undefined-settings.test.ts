// SPDX-License-Identifier: Apache-2.0
// A setting of schema, service, client or call that is undefined leaves what is set further out.
import { once } from "node:events";
import { Code, type ConnectError } from "@connectrpc/connect";
import type {
  QueueBounds,
  StreamLimits,
  StreamQueues,
  StreamServiceOptions,
  StreamTimeouts,
} from "connect-stream";
import { createServiceClient, registerService } from "connect-stream/codegenv1";
import { createStreamTransport, serve } from "connect-stream/node";
import { describe, expect, it, vi } from "vitest";
import { gate } from "../support/gate.js";
import { LabService } from "../support/gen/lab/v1/lab_pb.js";
import type {
  ChatClientStream,
  ChatServerStream,
  LabServiceClient,
} from "../support/gen/lab/v1/lab_stream.js";

vi.setConfig({ testTimeout: 20_000 });

/** What either end of a chat does, up to its end. Resolves to the code of its failure. */
type Act = (stream: ChatClientStream | ChatServerStream) => Promise<unknown>;

const big = { text: "a".repeat(1000), payload: new Uint8Array(100_000) };

const listen: Act = async (stream) => {
  while (await stream.recv());
};
const speak: Act = (stream) => stream.send(big);
const flood: Act = async (stream) => {
  while (true) await stream.send(big);
};
/** More than a queue of one has room for. */
const pile: Act = (stream) => Promise.all(Array.from({ length: 100 }, () => stream.send(big)));
const burst: Act = async (stream) => {
  for (let i = 0; i < 5; i++) await stream.send({ text: "one of many" });
};
const nothing: Act = async () => undefined;

/** What is set, what this side and the other do, and the code that comes of it. */
interface Row {
  readonly set: Pick<StreamServiceOptions, "timeouts" | "limits" | "queues">;
  readonly here: Act;
  readonly there: Act;
  readonly code: Code;
}

const tooLarge = Code.ResourceExhausted;
const late = Code.DeadlineExceeded;

const limits: Record<keyof StreamLimits, Row> = {
  readMaxBytes: {
    set: { limits: { readMaxBytes: 9 } },
    here: listen,
    there: speak,
    code: tooLarge,
  },
  writeMaxBytes: {
    set: { limits: { writeMaxBytes: 9 } },
    here: speak,
    there: listen,
    code: tooLarge,
  },
  readStreamMaxBytes: {
    set: { limits: { readStreamMaxBytes: 9 } },
    here: listen,
    there: speak,
    code: tooLarge,
  },
  writeStreamMaxBytes: {
    set: { limits: { writeStreamMaxBytes: 9 } },
    here: speak,
    there: listen,
    code: tooLarge,
  },
};

const timeouts: Record<keyof StreamTimeouts, Row> = {
  firstMessageMs: {
    set: { timeouts: { firstMessageMs: 20 } },
    here: listen,
    there: nothing,
    code: late,
  },
  idleMs: { set: { timeouts: { idleMs: 20 } }, here: listen, there: nothing, code: late },
  recvMs: { set: { timeouts: { recvMs: 20 } }, here: listen, there: nothing, code: late },
  sendMs: { set: { timeouts: { sendMs: 20 } }, here: flood, there: nothing, code: late },
  maxAgeMs: {
    set: { timeouts: { maxAgeMs: 20 } },
    here: listen,
    there: nothing,
    code: Code.Unavailable,
  },
};

const one: Required<QueueBounds> = { maxMessages: 1, maxBytes: 1, whenFull: "fail" };
const queues: Record<keyof StreamQueues, Row> = {
  send: { set: { queues: { send: one } }, here: pile, there: nothing, code: tooLarge },
  receive: { set: { queues: { receive: one } }, here: nothing, there: burst, code: tooLarge },
};

const rows = Object.entries({ ...limits, ...timeouts, ...queues });

/** `set` with nothing but `undefined`, at every depth. */
function undefinedAt(set: object, depth: number): object {
  const entries = Object.entries(set).map(([key, value]) => [
    key,
    depth > 0 && typeof value === "object" ? undefinedAt(value, depth - 1) : undefined,
  ]);
  return Object.fromEntries(entries);
}

/** Runs a chat; `code` is what this side is told, `set` is where. */
async function chat(
  side: "server" | "client",
  { here, there }: Row,
  set: { schema?: object; general?: object; particular?: object },
): Promise<Code> {
  const policy = { chat: { policy: set.schema ?? {} } };
  const result = gate<Code>();
  const over = gate();
  const end = async (stream: ChatClientStream | ChatServerStream, act: Act, isHere: boolean) => {
    const work = act(stream).then(() => over.promise);
    if (!isHere) return work.catch(() => undefined);
    const ended = "outcome" in stream ? stream.outcome : once(stream.context.signal, "abort");
    const error: ConnectError = await Promise.race([
      work.then(
        () => undefined,
        (thrown) => thrown,
      ),
      ended
        .then(() => ("outcome" in stream ? stream.outcome : undefined))
        .then((outcome) =>
          outcome ? outcome.error : "context" in stream ? stream.context.signal.reason : undefined,
        ),
    ]);
    result.resolve(error.code);
  };
  const server = await serve({
    routes: (router) =>
      registerService(
        LabService,
        router,
        {
          async chat(stream: ChatServerStream) {
            await end(stream, side === "server" ? here : there, side === "server");
          },
        },
        side === "server" ? set.general : {},
        side === "server" ? policy : {},
      ),
  });
  const transport = createStreamTransport({ protocol: "grpc", baseUrl: server.url });
  const client = createServiceClient<LabServiceClient>(
    LabService,
    transport,
    side === "client" ? set.general : {},
    side === "client" ? policy : {},
  );
  const stream = client.chat(side === "client" ? set.particular : {});
  void end(stream, side === "client" ? here : there, side === "client");
  try {
    return await result.promise;
  } finally {
    over.resolve();
    stream.close();
    await server.close({ graceMs: 0 });
  }
}

describe.each(rows)("%s that is undefined", (_, row) => {
  it.each([0, 1, 2])("leaves what is set further out, %i levels deep", async (depth) => {
    const none = undefinedAt(row.set, depth);
    const { set, code } = row;
    expect(await chat("server", row, { schema: set, general: none })).toBe(code);
    expect(await chat("client", row, { schema: set, general: none, particular: none })).toBe(code);
    expect(await chat("client", row, { general: set, particular: none })).toBe(code);
  });
});
