// SPDX-License-Identifier: Apache-2.0
import { create, type DescMethod, type MessageInitShape } from "@bufbuild/protobuf";
import { expect } from "vitest";
import {
  ErrorInfoSchema,
  Event,
  type TestRequest,
  TestRequestSchema,
  type TestResponse,
  TestService,
  UnimplementedService,
} from "./gen/interop/v1/interop_pb.js";
import { valuesOf } from "./metadata.js";
import type { CallInit, Ending, Metadata, PeerCall } from "./peer.js";
import { reasonOf } from "./peers/connect-errors.js";

/** What a case may use: one client and one server. */
export interface Bench {
  /** Opens a call with a name of its own. */
  open(method: DescMethod, init?: Partial<CallInit>): Promise<BenchCall>;
  /** Makes a call that compresses what it sends, and tells how many bytes went either way. */
  metered(method: DescMethod): Promise<{ call: BenchCall; bytes(): { up: number; down: number } }>;
}

/** A call, and what the server sees of it. */
export interface BenchCall extends PeerCall {
  /** Resolves when the server's handler has seen it; to the code of its end. */
  saw(event: Event): Promise<number>;
}

export type Kind = DescMethod["methodKind"];

/** One of the tests that every pair of a client and a server has to pass. */
export interface Case {
  readonly name: string;
  /** The kind of the RPC: not every client has all. */
  readonly kind: Kind;
  /** "client", "server": that side's library has to compress. */
  readonly compresses?: "client" | "server";
  /** It waits for the clock, so several may run at the same time. */
  readonly waits?: boolean;
  run(bench: Bench): Promise<void>;
}

const { method } = TestService;
const byKind: Readonly<Record<Kind, DescMethod>> = {
  unary: method.unaryCall,
  server_streaming: method.streamingOutputCall,
  client_streaming: method.streamingInputCall,
  bidi_streaming: method.fullDuplexCall,
};
const allKinds = Object.keys(byKind) as Kind[];
const streamKinds = allKinds.filter((kind) => kind !== "unary");

/** The same case for several kinds of RPC. */
function forKinds(
  kinds: readonly Kind[],
  name: string,
  run: (bench: Bench, kind: Kind) => Promise<void>,
  more: Pick<Case, "waits"> = {},
): Case[] {
  return kinds.map((kind) => ({
    ...more,
    name: `${name} (${kind})`,
    kind,
    run: (bench) => run(bench, kind),
  }));
}

type RequestInit = MessageInitShape<typeof TestRequestSchema>;

function requests(...inits: RequestInit[]): TestRequest[] {
  return inits.map((init) => create(TestRequestSchema, init));
}

const zeros = (size: number) => new Uint8Array(size);

const takesOne = (kind: Kind) => kind === "unary" || kind === "server_streaming";
const givesOne = (kind: Kind) => kind === "unary" || kind === "client_streaming";

/** Runs a call to its end. */
async function run(
  bench: Bench,
  rpc: DescMethod,
  inits: RequestInit[],
  init?: Partial<CallInit>,
): Promise<Ending & { messages: TestResponse[] }> {
  const call = await bench.open(rpc, init);
  const sent = call.send(requests(...inits)).then(() => call.closeSend());
  // Read at the same time: neither side has to wait for the other.
  if (givesOne(rpc.methodKind)) await sent;
  const [messages] = await Promise.all([call.recv(Number.MAX_SAFE_INTEGER), sent]);
  return { ...(await call.end()), messages };
}

/** Runs a call that has to succeed. */
async function succeed(
  ...args: Parameters<typeof run>
): Promise<Ending & { messages: TestResponse[] }> {
  const result = await run(...args);
  expect({ code: result.code, message: result.message }).toEqual({ code: 0, message: "" });
  return result;
}

/** A call after which the server has seen one request, and has answered if the kind lets it. */
async function midway(
  bench: Bench,
  kind: Kind,
  request: RequestInit,
  init?: Partial<CallInit>,
): Promise<BenchCall> {
  const call = await bench.open(byKind[kind], init);
  await call.send(requests({ ...(givesOne(kind) ? {} : { responseSizes: [8] }), ...request }));
  if (takesOne(kind)) await call.closeSend();
  if (!givesOne(kind)) expect(await call.recv(1)).toHaveLength(1);
  return call;
}

async function expectCancelled(call: BenchCall): Promise<void> {
  const [ending, seen] = await Promise.all([call.end(), call.saw(Event.ENDED)]);
  expect({ client: ending.code, server: seen }).toEqual({ client: CANCELLED, server: CANCELLED });
}

const CANCELLED = 1;
const UNKNOWN = 2;
const DEADLINE_EXCEEDED = 4;
const UNIMPLEMENTED = 12;

const specialMessage = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
const unicode = "zażółć gęślą jaźń, 你好, ☃, 😀";

const metadata: Metadata = {
  "x-grpc-test-echo-initial": ["test_initial_metadata_value"],
  "x-grpc-test-echo-initial-bin": [Buffer.from(unicode).toString("base64")],
  "x-grpc-test-echo-trailing": ["one", "two"],
  "x-grpc-test-echo-trailing-bin": [Buffer.from([0xab, 0xab, 0xab]).toString("base64")],
};

function expectEchoed(at: Metadata, name: string): void {
  expect({ [name]: valuesOf(at, name) }).toEqual({ [name]: metadata[name] });
}

/** Sizes of gRPC's interop tests. */
const requestSizes = [27182, 8, 1828, 45904];
const responseSizes = [31415, 9, 2653, 58979];

/** Bytes that no compression makes much smaller, and no mistake makes equal. */
function noise(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = seed + 1;
  for (let i = 0; i < size; i++) {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    bytes[i] = state >> 16;
  }
  return bytes;
}

const messageCases: Case[] = [
  {
    name: "empty_unary",
    kind: "unary",
    async run(bench) {
      const { messages } = await succeed(bench, method.emptyCall, [{}]);
      expect(messages).toMatchObject([{ number: 0, text: "" }]);
    },
  },
  {
    name: "large_unary",
    kind: "unary",
    async run(bench) {
      const request = { payload: zeros(271828), responseSizes: [314159] };
      const { messages } = await succeed(bench, method.unaryCall, [request]);
      expect(messages.map((message) => message.payload.length)).toEqual([314159]);
      expect(messages).toMatchObject([{ receivedBytes: 271828 }]);
    },
  },
  {
    name: "client_streaming",
    kind: "client_streaming",
    async run(bench) {
      const inits = requestSizes.map((size) => ({ payload: zeros(size) }));
      const { messages } = await succeed(bench, method.streamingInputCall, inits);
      expect(messages).toMatchObject([{ number: 4, receivedBytes: 74922 }]);
    },
  },
  {
    name: "server_streaming",
    kind: "server_streaming",
    async run(bench) {
      const { messages } = await succeed(bench, method.streamingOutputCall, [{ responseSizes }]);
      expect(messages.map((message) => message.payload.length)).toEqual(responseSizes);
    },
  },
  {
    name: "ping_pong",
    kind: "bidi_streaming",
    async run(bench) {
      const call = await bench.open(method.fullDuplexCall);
      for (const [number, size] of responseSizes.entries()) {
        const payload = zeros(requestSizes[number] ?? 0);
        await call.send(requests({ payload, responseSizes: [size], text: `ping ${number}` }));
        const [pong] = await call.recv(1);
        expect(pong).toMatchObject({ number, text: `ping ${number}` });
        expect(pong?.payload).toHaveLength(size);
      }
      await call.closeSend();
      expect(await call.recv(1)).toEqual([]);
      expect(await call.end()).toMatchObject({ code: 0 });
    },
  },
  ...forKinds(streamKinds, "empty_stream", async (bench, kind) => {
    const { messages } = await succeed(bench, byKind[kind], takesOne(kind) ? [{}] : []);
    expect(messages).toHaveLength(givesOne(kind) ? 1 : 0);
    if (givesOne(kind)) expect(messages).toMatchObject([{ number: 0 }]);
  }),
  ...forKinds(allKinds, "one_message", async (bench, kind) => {
    const payload = noise(100, 1);
    const { messages } = await succeed(bench, byKind[kind], [
      { text: unicode, payload, echo: true },
    ]);
    expect(messages).toMatchObject([{ text: unicode }]);
    expect(Buffer.from(messages[0]?.payload ?? []).equals(payload)).toBe(true);
  }),
  ...forKinds(streamKinds, "thousand_messages", async (bench, kind) => {
    const many = Array.from({ length: 1000 }, (_, i) => i);
    const inits = takesOne(kind)
      ? [{ responseSizes: many }]
      : many.map((size) => ({ payload: zeros(size), echo: true }));
    const { messages } = await succeed(bench, byKind[kind], inits);
    if (givesOne(kind)) expect(messages).toMatchObject([{ number: 1000, receivedBytes: 499500 }]);
    else {
      expect(messages.map((message) => message.number)).toEqual(many);
      expect(messages.map((message) => message.payload.length)).toEqual(many);
    }
  }),
  ...forKinds(allKinds, "one_mib_messages", async (bench, kind) => {
    const payloads = (takesOne(kind) ? [0] : [0, 1, 2]).map((seed) => noise(1024 * 1024, seed));
    const inits = payloads.map((payload) => ({ payload, echo: true }));
    const { messages } = await succeed(bench, byKind[kind], inits);
    const expected = givesOne(kind) ? payloads.slice(-1) : payloads;
    expect(messages).toHaveLength(expected.length);
    for (const [i, payload] of expected.entries()) {
      expect(Buffer.compare(messages[i]?.payload ?? zeros(0), payload)).toBe(0);
    }
  }),
  ...forKinds(allKinds, "concurrent_calls", async (bench, kind) => {
    const texts = Array.from({ length: 50 }, (_, i) => `call ${i}`);
    const results = await Promise.all(
      texts.map((text) => succeed(bench, byKind[kind], [{ text, echo: true }])),
    );
    expect(results.map(({ messages }) => messages.map(({ text }) => text))).toEqual(
      texts.map((text) => [text]),
    );
  }),
];

const metadataCases: Case[] = [
  ...forKinds(allKinds, "custom_metadata", async (bench, kind) => {
    const request = { echo: true, text: unicode };
    const { header, trailer } = await succeed(bench, byKind[kind], [request], {
      headers: metadata,
    });
    expectEchoed(header, "x-grpc-test-echo-initial");
    expectEchoed(header, "x-grpc-test-echo-initial-bin");
    expectEchoed(trailer, "x-grpc-test-echo-trailing");
    expectEchoed(trailer, "x-grpc-test-echo-trailing-bin");
  }),
];

const statusCases: Case[] = [
  ...forKinds(allKinds, "status_code_and_message", async (bench, kind) => {
    const status = { code: UNKNOWN, message: "test status message" };
    const ending = await run(bench, byKind[kind], [{ status }]);
    expect(ending).toMatchObject({ ...status, messages: [] });
  }),
  ...forKinds(allKinds, "special_status_message", async (bench, kind) => {
    const status = { code: UNKNOWN, message: specialMessage };
    expect(await run(bench, byKind[kind], [{ status }])).toMatchObject(status);
  }),
  ...forKinds(allKinds, "error_with_details", async (bench, kind) => {
    const status = { code: 9, message: "with details", reason: "because ☃" };
    const ending = await run(bench, byKind[kind], [{ status }], { headers: metadata });
    expect(ending).toMatchObject({ code: 9, message: "with details" });
    expect(ending.details.map(({ type, value }) => [type, reasonOf(value)])).toEqual([
      [ErrorInfoSchema.typeName, "because ☃"],
    ]);
    expectEchoed(ending.trailer, "x-grpc-test-echo-trailing");
    expectEchoed(ending.trailer, "x-grpc-test-echo-trailing-bin");
  }),
  ...forKinds(
    ["server_streaming", "bidi_streaming"],
    "error_after_messages",
    async (bench, kind) => {
      const request = { responseSizes: [1, 2, 3], status: { code: 10, message: "late" } };
      const { code, message, messages } = await run(bench, byKind[kind], [request]);
      expect({ code, message }).toEqual({ code: 10, message: "late" });
      expect(messages.map(({ payload }) => payload.length)).toEqual([1, 2, 3]);
    },
  ),
  {
    name: "unimplemented_method",
    kind: "unary",
    async run(bench) {
      const { code } = await run(bench, method.unimplementedCall, [{}]);
      expect(code).toBe(UNIMPLEMENTED);
    },
  },
  {
    name: "unimplemented_method (server_streaming)",
    kind: "server_streaming",
    async run(bench) {
      const { code } = await run(bench, method.unimplementedStream, [{}]);
      expect(code).toBe(UNIMPLEMENTED);
    },
  },
  {
    name: "unimplemented_service",
    kind: "unary",
    async run(bench) {
      const { code } = await run(bench, UnimplementedService.method.unimplementedCall, [{}]);
      expect(code).toBe(UNIMPLEMENTED);
    },
  },
];

/** More than flow control lets through to a server that does not read. */
function tooMuch(): TestRequest[] {
  return requests(...Array.from({ length: 20 }, () => ({ payload: zeros(100_000) })));
}

const endCases: Case[] = [
  ...forKinds(["client_streaming", "bidi_streaming"], "cancel_after_begin", async (bench, kind) => {
    const call = await bench.open(byKind[kind]);
    await call.cancel();
    expect(await call.end()).toMatchObject({ code: CANCELLED });
  }),
  ...forKinds(allKinds, "cancel_after_first_response", async (bench, kind) => {
    const call = await midway(bench, kind, takesOne(kind) ? { hang: true } : {});
    await call.saw(Event.RECEIVED);
    await call.cancel();
    await expectCancelled(call);
  }),
  ...forKinds(streamKinds, "cancel_after_half_close", async (bench, kind) => {
    const call = await midway(bench, kind, { hangAtEnd: true });
    if (!takesOne(kind)) await call.closeSend();
    await call.saw(Event.HALF_CLOSED);
    await call.cancel();
    await expectCancelled(call);
  }),
  ...forKinds(
    allKinds,
    "timeout_on_sleeping_server",
    async (bench, kind) => {
      const call = await midway(bench, kind, { hang: true }, { timeoutMs: 700 });
      const [ending, seen] = await Promise.all([call.end(), call.saw(Event.ENDED)]);
      expect(ending).toMatchObject({ code: DEADLINE_EXCEEDED });
      // The client's reset may overtake the server's own clock.
      expect([CANCELLED, DEADLINE_EXCEEDED]).toContain(seen);
    },
    { waits: true },
  ),
  ...forKinds(["client_streaming", "bidi_streaming"], "server_ends_early", async (bench, kind) => {
    const call = await bench.open(byKind[kind]);
    await call.send(requests({ finish: true, echo: true, text: "enough" }));
    expect(await call.saw(Event.ENDED)).toBe(0);
    // To send what nobody wants does no harm, and does not wait for somebody to want it.
    await call.send(tooMuch());
    expect(await call.recv(2)).toMatchObject([{ text: "enough" }]);
    expect(await call.end()).toMatchObject({ code: 0 });
    await call.closeSend();
  }),
  ...forKinds(["client_streaming", "bidi_streaming"], "server_fails_early", async (bench, kind) => {
    const call = await bench.open(byKind[kind]);
    const status = { code: 5, message: "no more" };
    await call.send(requests({ status }));
    expect(await call.saw(Event.ENDED)).toBe(status.code);
    await call.send(tooMuch());
    expect(await call.recv(1)).toEqual([]);
    expect(await call.end()).toMatchObject(status);
    await call.closeSend();
  }),
];

const MIB = 1024 * 1024;
/** More than anything else of a call takes, far less than a message. */
const LITTLE = 100 * 1024;

function compressed(side: "client" | "server", kind: Kind): Case {
  const suffix = kind === "unary" ? "unary" : "streaming";
  return {
    name: `${side}_compressed_${suffix} (${kind})`,
    kind,
    compresses: side,
    async run(bench) {
      const { call, bytes } = await bench.metered(byKind[kind]);
      const payload = zeros(side === "client" ? MIB : 0);
      await call.send(requests({ payload, responseSizes: side === "server" ? [MIB] : [1] }));
      await call.closeSend();
      const [response] = await call.recv(1);
      expect(await call.end()).toMatchObject({ code: 0 });
      expect(response?.payload.length).toBe(side === "server" ? MIB : 1);
      const { up, down } = bytes();
      expect(side === "client" ? up : down).toBeLessThan(LITTLE);
    },
  };
}

/** All cases. */
export const cases: readonly Case[] = [
  ...messageCases,
  ...metadataCases,
  ...statusCases,
  ...endCases,
  ...allKinds.flatMap((kind) => [compressed("client", kind), compressed("server", kind)]),
];
