// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What distinguishes the four kinds of RPC, in one table. */
import type { DescMethod } from "@bufbuild/protobuf";

/** One side of a streaming RPC. */
export interface StreamSide {
  /** The runtime's generic type. */
  readonly type: string;
  /** Its type arguments. */
  readonly messages: readonly ("input" | "output")[];
  /** What each method does. Finishes the sentence "Server side of X: ...". */
  readonly methods: (input: string, output: string) => string;
  /** When the stream ends, and how it fails. */
  readonly ending: readonly string[];
}

/** A kind of RPC. */
export interface RpcKind {
  /** Whether methods take the one request as their first argument. */
  readonly takesRequest: boolean;
  /** The streams, unless the RPC is unary. */
  readonly streams?: { readonly server: StreamSide; readonly client: StreamSide };
}

const send = (message: string) => `\`send\` sends ${message} messages`;
const recv = (message: string) => `\`recv\` or \`for await\` receives ${message} messages`;
const sendHeaders = "`sendHeaders` sends the headers now";
const close = "`close` cancels the call";

const handlerEnds =
  "Ends when the handler returns or throws: a thrown `ConnectError` reaches the client as it is, anything else as `internal`.";
const clientHalfCloses = "`recv` resolves to `undefined` when the client half-closes.";
const serverFails =
  "Fails with `canceled` when the client cancels or disconnects, with `deadline_exceeded` at the deadline.";
const clientFails =
  "Fails with the server's `ConnectError`, with `unavailable` when the connection is lost, with `deadline_exceeded` at the deadline, with `canceled` after `close`.";

/** The table. */
export const rpcKinds: Readonly<Record<DescMethod["methodKind"], RpcKind>> = {
  unary: { takesRequest: true },

  server_streaming: {
    takesRequest: true,
    streams: {
      server: {
        type: "ServerStreamingServer",
        messages: ["output"],
        methods: (_, output) => `${send(output)}, ${sendHeaders}`,
        ending: [handlerEnds, serverFails],
      },
      client: {
        type: "ServerStreamingClient",
        messages: ["output"],
        methods: (_, output) => `${recv(output)}, ${close}`,
        ending: ["Ends when the handler returns: `recv` resolves to `undefined`.", clientFails],
      },
    },
  },

  client_streaming: {
    takesRequest: false,
    streams: {
      server: {
        type: "ClientStreamingServer",
        messages: ["input", "output"],
        methods: (input, output) =>
          `${recv(input)}, \`sendAndClose\` sends the one ${output}, ${sendHeaders}`,
        ending: [clientHalfCloses, handlerEnds, serverFails],
      },
      client: {
        type: "ClientStreamingClient",
        messages: ["input", "output"],
        methods: (input, output) =>
          `${send(input)}, \`closeAndRecv\` half-closes and receives the one ${output}, ${close}`,
        ending: [
          "Ends with the response. A response before the half-close makes `send` reject.",
          clientFails,
        ],
      },
    },
  },

  bidi_streaming: {
    takesRequest: false,
    streams: {
      server: {
        type: "BidiStreamingServer",
        messages: ["input", "output"],
        methods: (input, output) => `${recv(input)}, ${send(output)}, ${sendHeaders}`,
        ending: [clientHalfCloses, handlerEnds, serverFails],
      },
      client: {
        type: "BidiStreamingClient",
        messages: ["input", "output"],
        methods: (input, output) =>
          `${send(input)}, ${recv(output)}, \`closeSend\` half-closes, ${close}`,
        ending: [
          "Ends when the handler returns: `recv` resolves to `undefined`, `send` rejects.",
          clientFails,
        ],
      },
    },
  },
};
