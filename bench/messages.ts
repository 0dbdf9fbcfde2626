// SPDX-License-Identifier: Apache-2.0
import type { CallName, Load, Protocol } from "./peers/peer.js";

/** What the main process asks of a server's process. */
export type ServerOrder = { readonly do: "cpu" } | { readonly do: "memory" } | AcceptedOrder;
interface AcceptedOrder {
  readonly do: "accepted";
}

/** Where a client is to connect. */
export interface Target {
  readonly port: number;
  readonly protocol: Protocol;
}

/** What the main process asks of a client's process. */
export type ClientOrder =
  | ({ readonly do: "run"; readonly call: CallName; readonly streams: number } & Target & Load)
  | ({ readonly do: "idle"; readonly streams: number; readonly connections: number } & Target)
  | ({ readonly do: "stall"; readonly streams: number; readonly size: number } & Target)
  | { readonly do: "memory" };

export interface RunResult {
  readonly messages: number;
  readonly ms: number;
  /** Of user and system, in microseconds. */
  readonly cpuMicros: number;
}

/** In bytes, after a garbage collection. */
export interface Memory {
  /** The heap of V8, and the buffers that it refers to. */
  readonly heap: number;
  /** The whole process. */
  readonly resident: number;
}
