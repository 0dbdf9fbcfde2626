// SPDX-License-Identifier: Apache-2.0
import { expect } from "vitest";
import { TestService } from "../gen/interop/v1/interop_pb.js";
import {
  allKinds,
  byKind,
  forKinds,
  givesOne,
  requests,
  streamKinds,
  succeed,
  takesOne,
  zeros,
} from "./calls.js";
import type { Case } from "./case.js";
import { unicode } from "./unicode.js";

const { method } = TestService;

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

/** Messages: none, one, many, large, and in calls side by side. */
export const messageCases: readonly Case[] = [
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
