// SPDX-License-Identifier: Apache-2.0
import type { CallName, Load, Setup } from "./peers/peer.js";

/** Where a client is to connect. */
export interface Target {
  readonly port: number;
  readonly setup: Setup;
}

/** What the main process asks of the processes of servers and clients. */
export interface Orders {
  /** Of servers. Answered with the port. */
  readonly serve: { readonly setup: Setup };
  /** Of servers. Answered with the number of messages of `watch` that flow control has accepted. */
  readonly accepted: object;
  /** Of clients, as all that follow: `count` messages or calls, `concurrency` streams at a time. */
  readonly run: { readonly call: CallName; readonly concurrency: number } & Target & Load;
  /** Opens as many streams, and leaves them open. */
  readonly idle: { readonly concurrency: number; readonly connections: number } & Target;
  /** Opens as many streams that send without end, and stops reading. */
  readonly stall: { readonly concurrency: number; readonly size: number } & Target;
  /** Of both, as all that follow: the CPU time so far. */
  readonly cpu: object;
  readonly memory: object;
  /** Collects garbage, so that no case pays for the one before. */
  readonly gc: object;
}

/** One of `Orders`, with its name. */
export type Order = { [Name in keyof Orders]: { readonly do: Name } & Orders[Name] }[keyof Orders];

/** What the orders are answered with; times are in microseconds, of user and system. */
export interface Answers {
  readonly serve: number;
  readonly accepted: number;
  readonly run: RunResult;
  readonly idle: unknown;
  readonly stall: unknown;
  readonly cpu: number;
  readonly memory: Memory;
  readonly gc: unknown;
}

export interface RunResult {
  readonly messages: number;
  readonly ms: number;
  readonly cpuMicros: number;
}

/** In bytes, after a garbage collection. */
export interface Memory {
  /** The heap of V8, and the buffers that it refers to; heap and stacks of Go. */
  readonly heap: number;
  /** The whole process. */
  readonly resident: number;
}

/** One line of a process's output: the answer, or why there is none. */
export interface Reply {
  readonly answer?: unknown;
  readonly error?: string;
}
