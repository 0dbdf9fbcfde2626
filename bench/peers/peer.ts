// SPDX-License-Identifier: Apache-2.0

/** The implementations that are compared, ours first: ratios are of the first. */
export const comparedPeers = [
  "ours",
  "connect-es",
  "grpc-js",
  "nice-grpc",
  "connect-go",
  "grpc-go",
  "raw",
] as const;

/** And those that are compared with ours when asked for: ours, with observers on both sides. */
export const peerNames = [...comparedPeers, "ours-observer", "ours-otel"] as const;
export type PeerName = (typeof peerNames)[number];

/** Those of the Go program in `go/`. */
export type GoPeerName = "connect-go" | "grpc-go";
export type NodePeerName = Exclude<PeerName, GoPeerName>;

/** Whether the peer is the Go program in `go/`. */
export function isGo(peer: PeerName): peer is GoPeerName {
  return peer === "connect-go" || peer === "grpc-go";
}

export type Protocol = "grpc" | "connect" | "grpc-web";

/**
 * What becomes of large messages: what the implementation does by default, nothing (`identity`), or
 * gzip for each response of `COMPRESS_MIN_BYTES` and more.
 */
export type Compression = "default" | "identity" | "gzip";

/** With `gzip`: the smallest message to compress. It is Connect-ES's default. */
export const COMPRESS_MIN_BYTES = 1024;

/** How a server and its clients are set up. */
export interface Setup {
  readonly protocol: Protocol;
  readonly compression: Compression;
  /** The server has an interceptor that wants `AUTHORIZATION` of each unary call. */
  readonly auth: boolean;
}

/** What `auth` wants in the request header "authorization". */
export const AUTHORIZATION = "Bearer 3f1d2a5c-0f7e-4d0e-9a58-52f7d2a8c1b4";

/** One stream's worth of messages, or calls to make one after the other. */
export interface Load {
  /** How many messages the sending side sends. */
  readonly count: number;
  /** How many bytes a message has; 59 at least. */
  readonly size: number;
  /** Messages are filled with text, not with bytes. */
  readonly text: boolean;
}

/** The ways to use the service; each resolves to how many messages came through. */
export interface Calls {
  /** Unary calls, one after the other, each answered with its request. */
  unary(load: Load): Promise<number>;
  watch(load: Load): Promise<number>;
  collect(load: Load): Promise<number>;
  /** Sends without waiting for the echo. */
  exchange(load: Load): Promise<number>;
  /** Waits for each echo before it sends the next. */
  pingPong(load: Load): Promise<number>;
}

/** They, and `short`: calls of `watch` one after the other, of one message each. */
export type CallName = keyof Calls | "short";

/** A client with one connection. */
export interface BenchClient extends Calls {
  /** Opens an exchange, waits for one echo, and leaves it open. */
  idle(): Promise<void>;
  /** Opens a watch without end, receives one message, and stops reading. */
  stall(size: number): Promise<void>;
}

/** What the server tells of itself beside its port. */
export interface Progress {
  /** Messages of `watch` that flow control has accepted. */
  accepted: number;
}

/** One implementation: how a user of it would write both sides. */
export interface Peer {
  /** Listens on a free port of 127.0.0.1. */
  serve(setup: Setup, progress: Progress): Promise<number>;
  connect(port: number, setup: Setup): BenchClient;
}

/** A count that no bench reaches. */
export const ENDLESS = 2 ** 31;
