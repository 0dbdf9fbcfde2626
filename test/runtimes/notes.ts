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
    applies: ({ runtime, server, isClient, httpVersion, tls }) =>
      runtime === "Bun" && server === "serve" && !isClient && httpVersion === "2" && !tls,
    text: "Bun does not speak HTTP/2 on a socket that its `http2` module did not accept itself, which `serve` needs for HTTP/1.1 and HTTP/2 on one port. Use TLS, or HTTP/1.1.",
  },
  {
    applies: ({ runtime, server, isClient, tls }, column) =>
      runtime === "Bun" &&
      server === "serve" &&
      !isClient &&
      tls === true &&
      column === "client streaming",
    text: "Bun's `http2` module stops reading large requests. Use HTTP/1.1.",
  },
  {
    applies: ({ runtime, server, isClient, httpVersion }) =>
      runtime === "Deno" && server === "serve" && isClient === true && httpVersion === "2",
    text: 'Deno\'s `http2` module loses the first message of each response. Use `httpVersion: "1.1"`, or a transport of `@connectrpc/connect-web`.',
  },
  {
    applies: ({ server }, column) => server === "bun" && column === "headers first",
    text: "`Bun.serve` sends the head of a response with its first message. A client that waits for headers before it sends anything waits in vain.",
  },
  {
    applies: ({ server }, column) => server === "worker" && column === "cancel, quiet",
    text: "workerd finds out that a client has gone when it sends the next message. Let quiet streams send [heartbeats](heartbeat.md).",
  },
];
