// SPDX-License-Identifier: Apache-2.0
import type { Row } from "./cells.js";
import type { Column } from "./scenarios.js";

/** Why a cell of the matrix is "no", and what to do about it. */
export interface Note {
  applies(row: Row, column: Column): boolean;
  readonly text: string;
}

/** What is known of the runtimes. A failure for which there is no note fails the run. */
export const notes: readonly Note[] = [
  {
    applies: ({ server }, column) => server === "bun" && column === "headers first",
    text: "`Bun.serve` sends the head of a response with its first message. A client that waits for headers before it sends anything waits forever.",
  },
  {
    applies: ({ server }, column) => server === "worker" && column === "cancel, quiet",
    text: "workerd notices that a client has left only when it sends the next message. Let quiet streams send [heartbeats](heartbeat.md).",
  },
];
