// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import type { Event } from "../gen/interop/v1/interop_pb.js";
import type { CallInit, PeerCall } from "../peer.js";

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

/** A kind of RPC. */
export type Kind = DescMethod["methodKind"];

/** One of the tests that every pair of a client and a server has to pass. */
export interface Case {
  readonly name: string;
  /** The kind of the RPC: not every client has all. */
  readonly kind: Kind;
  /** It waits for the clock, so that others may run at the same time. */
  readonly waits?: boolean;
  run(bench: Bench): Promise<void>;
}
