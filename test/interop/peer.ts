// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import type { TestRequest, TestResponse } from "./gen/interop/v1/interop_pb.js";

/** A protocol, on a version of HTTP. */
export interface Wire {
  readonly protocol: "grpc" | "grpc-web" | "connect";
  readonly http: "1.1" | "2";
}

/** Values by name; those of "-bin" names in base64. */
export type Metadata = Readonly<Record<string, readonly string[]>>;

/** How a call ended. */
export interface Ending {
  /** gRPC's number of the status. */
  readonly code: number;
  readonly message: string;
  /** Details: type name and value in base64. */
  readonly details: readonly { readonly type: string; readonly value: string }[];
  readonly header: Metadata;
  /** Trailers, and for an error whatever else the library gives with it. */
  readonly trailer: Metadata;
}

/** A call that a library makes. The client's view. */
export interface PeerCall {
  /** Resolves when the library has taken the messages, or the call has ended. */
  send(messages: readonly TestRequest[]): Promise<void>;
  closeSend(): Promise<void>;
  /**
   * The next messages: less than `max` of them only at the end of the call. If the RPC has one
   * response, half-closes first, since most libraries do.
   */
  recv(max: number): Promise<TestResponse[]>;
  cancel(): Promise<void>;
  /** Waits for the end; skips messages that have not been received. */
  end(): Promise<Ending>;
}

/** What a call starts with. */
export interface CallInit {
  readonly headers: Metadata;
  readonly timeoutMs: number | undefined;
}

/** A client of a library, connected to one server. */
export interface PeerClient {
  open(method: DescMethod, init: CallInit): Promise<PeerCall>;
  close(): Promise<void>;
}

/** How to connect. */
export interface DialOptions {
  readonly url: string;
  readonly wire: Wire;
  /** Compress requests with gzip, if the library can. */
  readonly gzip: boolean;
}

/** A server of a library, with the services of `interop.proto`. */
export interface PeerServer {
  readonly url: string;
  close(): Promise<void>;
}

/** A library, as both sides of the tests use it. */
export interface Peer {
  readonly name: string;
  /** Why it cannot be used here, if it cannot. */
  missing?(): string | undefined;
  /** What its client speaks; absent if it has none. */
  readonly client?: {
    readonly wires: readonly Wire[];
    /** The kinds of RPC that it has. Default: all. */
    readonly kinds?: readonly DescMethod["methodKind"][];
    dial(options: DialOptions): Promise<PeerClient>;
  };
  /** What its server speaks; absent if it has none. */
  readonly server?: { readonly wires: readonly Wire[]; start(wire: Wire): Promise<PeerServer> };
}

export const grpcOn2: Wire = { protocol: "grpc", http: "2" };
export const grpcWebOn1: Wire = { protocol: "grpc-web", http: "1.1" };
export const grpcWebOn2: Wire = { protocol: "grpc-web", http: "2" };
export const connectOn1: Wire = { protocol: "connect", http: "1.1" };
export const connectOn2: Wire = { protocol: "connect", http: "2" };
export const allWires: readonly Wire[] = [grpcOn2, grpcWebOn1, grpcWebOn2, connectOn1, connectOn2];
