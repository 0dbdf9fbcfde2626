// SPDX-License-Identifier: Apache-2.0
import type { CallName, Protocol, Setup } from "./peers/peer.js";

/** One way to use the service, measured for every contestant. */
export interface Case {
  /** As `--only` has it: "grpc/unary-32". */
  readonly name: string;
  /** As people read it, without the protocol. */
  readonly title: string;
  readonly call: CallName;
  readonly size: number;
  /** Messages are text, not bytes. */
  readonly text: boolean;
  /** Streams, or calls, at a time. */
  readonly concurrency: number;
  /**
   * How many messages each stream has, where their number decides what a message costs; elsewhere
   * there are as many as the time for a measurement allows.
   */
  readonly perStream: number | undefined;
  readonly setup: Setup;
}

type Shape = Omit<Case, "name" | "title" | "setup"> & Omit<Setup, "protocol">;

const SMALL = 60;
const KIB = 1024;
const LARGE = 64 * KIB;
/** Calls at a time: enough to keep both sides busy. */
const BUSY = 32;
/** Enough messages a stream that they cost more than to open it. */
const manyStreams = { concurrency: 100, perStream: 250 } as const;

const base = {
  size: SMALL,
  text: false,
  concurrency: 1,
  perStream: undefined,
  auth: false,
} as const;
const small = { ...base, compression: "default" } as const;
const text = { ...base, call: "watch", size: KIB, text: true } as const;
const large = { ...base, call: "watch", size: LARGE } as const;

/** In the order in which they run: what runs first warms up the processes, so it is no slow case. */
const shapes: Record<string, readonly [title: string, shape: Shape]> = {
  "unary-32": ["unary, 32 at a time", { ...small, call: "unary", concurrency: BUSY }],
  "unary-1": ["unary, one at a time", { ...small, call: "unary" }],
  "unary-32-auth": [
    "unary, 32 at a time, behind an authentication interceptor",
    { ...small, call: "unary", concurrency: BUSY, auth: true },
  ],
  "unary-1-auth": [
    "unary, one at a time, behind an authentication interceptor",
    { ...small, call: "unary", auth: true },
  ],
  "short-32": [
    "one message a stream, 32 at a time",
    { ...small, call: "short", concurrency: BUSY },
  ],
  "ping-pong": ["ping-pong on one stream", { ...small, call: "pingPong" }],
  watch: ["server streaming", { ...small, call: "watch" }],
  collect: ["client streaming", { ...small, call: "collect" }],
  exchange: ["bidirectional, pipelined", { ...small, call: "exchange" }],
  "watch-100": ["server streaming, 100 streams", { ...small, ...manyStreams, call: "watch" }],
  "collect-100": ["client streaming, 100 streams", { ...small, ...manyStreams, call: "collect" }],
  "exchange-100": [
    "bidirectional, pipelined, 100 streams",
    { ...small, ...manyStreams, call: "exchange" },
  ],
  "watch-1k": ["server streaming, 1 KiB of text", { ...text, compression: "default" }],
  "watch-1k-identity": [
    "server streaming, 1 KiB of text, compression off",
    { ...text, compression: "identity" },
  ],
  "watch-1k-gzip": ["server streaming, 1 KiB of text, gzip", { ...text, compression: "gzip" }],
  "watch-64k": ["server streaming, 64 KiB", { ...large, compression: "default" }],
  "watch-64k-identity": [
    "server streaming, 64 KiB, compression off",
    { ...large, compression: "identity" },
  ],
  "watch-64k-gzip": [
    "server streaming, 64 KiB of text, gzip",
    { ...large, text: true, compression: "gzip" },
  ],
  "collect-64k": [
    "client streaming, 64 KiB",
    { ...large, call: "collect", compression: "default" },
  ],
  "exchange-64k": [
    "bidirectional, pipelined, 64 KiB",
    { ...large, call: "exchange", compression: "default" },
  ],
};

/** What is measured of the protocols that few peers speak. */
const elsewhere = ["unary-32", "unary-1", "short-32", "ping-pong", "watch", "collect", "exchange"];

/** All cases: gRPC first, which has the most. */
export const allCases: readonly Case[] = (["grpc", "connect", "grpc-web"] as const).flatMap(
  (protocol) =>
    Object.keys(shapes)
      .filter((name) => protocol === "grpc" || elsewhere.includes(name))
      .map((name) => caseOf(protocol, name)),
);

function caseOf(protocol: Protocol, shortName: string): Case {
  const shape = shapes[shortName];
  if (shape === undefined) throw new Error(`there is no case "${shortName}"`);
  const [title, { compression, auth, ...load }] = shape;
  const name = `${protocol}/${shortName}`;
  return { name, title, ...load, setup: { protocol, compression, auth } };
}

/** The name without the protocol. */
export function shortName({ name }: Case): string {
  return name.slice(name.indexOf("/") + 1);
}

/** What is measured beside speed: what open streams hold. */
export const memoryCases = ["idle", "stopped-reader"] as const;
export type MemoryCase = (typeof memoryCases)[number];
