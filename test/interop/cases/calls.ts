// SPDX-License-Identifier: Apache-2.0
import { create, type DescMethod, type MessageInitShape } from "@bufbuild/protobuf";
import { expect } from "vitest";
import {
  type TestRequest,
  TestRequestSchema,
  type TestResponse,
  TestService,
} from "../gen/interop/v1/interop_pb.js";
import type { CallInit, Ending } from "../peer.js";
import type { Bench, BenchCall, Case, Kind } from "./case.js";

const { method } = TestService;

/** The RPC that has behaviour, of each kind. */
export const byKind: Readonly<Record<Kind, DescMethod>> = {
  unary: method.unaryCall,
  server_streaming: method.streamingOutputCall,
  client_streaming: method.streamingInputCall,
  bidi_streaming: method.fullDuplexCall,
};
/** All kinds of RPC. */
export const allKinds = Object.keys(byKind) as Kind[];
/** Those that stream. */
export const streamKinds = allKinds.filter((kind) => kind !== "unary");

/** The same case for several kinds of RPC. */
export function forKinds(
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

/** A request, as cases write it. */
export type RequestInit = MessageInitShape<typeof TestRequestSchema>;

/** Requests of a call. */
export function requests(...inits: RequestInit[]): TestRequest[] {
  return inits.map((init) => create(TestRequestSchema, init));
}

/** A payload that compresses well. */
export const zeros = (size: number) => new Uint8Array(size);

/** Whether a kind has one request. */
export const takesOne = (kind: Kind) => kind === "unary" || kind === "server_streaming";
/** Whether a kind has one response. */
export const givesOne = (kind: Kind) => kind === "unary" || kind === "client_streaming";

/** Runs a call to its end. */
export async function run(
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
export async function succeed(
  ...args: Parameters<typeof run>
): Promise<Ending & { messages: TestResponse[] }> {
  const result = await run(...args);
  expect({ code: result.code, message: result.message }).toEqual({ code: 0, message: "" });
  return result;
}

/** A call after which the server has seen one request, and has answered if the kind lets it. */
export async function midway(
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
