// SPDX-License-Identifier: Apache-2.0

/** The implementations that are compared. */
export const comparedPeers = ["ours", "connect-es", "grpc-js", "nice-grpc", "raw"] as const;

/** And those that are compared with ours when asked for: ours, with observers on both sides. */
export const peerNames = [...comparedPeers, "ours-observer", "ours-otel"] as const;
export type PeerName = (typeof peerNames)[number];

export type Protocol = "grpc" | "connect";

/** One call's worth of messages. */
export interface Load {
  /** How many messages the sending side sends. */
  readonly count: number;
  /** About how many bytes a message has. */
  readonly size: number;
}

/** The four ways to use a stream; each resolves to how many messages came through. */
export interface Calls {
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
  close(): void;
}

/** What the server tells of itself beside its port. */
export interface Progress {
  /** Messages of `watch` that flow control has accepted. */
  accepted: number;
}

/** One implementation: how a user of it would write both sides. */
export interface Peer {
  /** Listens on a free port of 127.0.0.1. */
  serve(progress: Progress): Promise<number>;
  connect(port: number, protocol: Protocol): BenchClient;
}

/** A count that no bench reaches. */
export const ENDLESS = 2 ** 31;
