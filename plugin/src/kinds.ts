// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What distinguishes the four kinds of RPC, in one table. */
import type { DescMethod } from "@bufbuild/protobuf";

/** One side of a streaming RPC. */
export interface StreamSide {
  /** The runtime's generic type. */
  readonly type: string;
  /** Its type arguments. */
  readonly messages: readonly ("input" | "output")[];
  /** Finishes the sentence "The server's side of X: ...". */
  readonly purpose: (input: string, output: string) => string;
  /** What each method does. */
  readonly methods: readonly string[];
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

const send =
  "`send` sends a message. It resolves when flow control has accepted the message, which is not yet its delivery.";
const recv =
  "`recv`, or `for await`, gives the next message, and `undefined` at the end of the stream.";
const sendQueue = "`queued` tells what was sent and waits for flow control.";
const recvQueue = "`queued` tells what has arrived and was not read.";
const bothQueues = "`queued` tells what waits in either direction.";
const close =
  "`close` abandons the call and frees it: the server sees a cancel. So do `await using` and leaving `for await` early.";
const closeUpload =
  "`close` abandons the call and frees it: the server sees a cancel. So does `await using`.";
const context =
  "`context` has headers, trailers, deadline and signal of the call, `sendHeaders` sends the headers now.";
const facts =
  "`header` and `trailer` are what the server sent beside the messages, `outcome` tells how the call went.";

const serverGone =
  "It fails with a `ConnectError`: `canceled` when the client cancels or is lost, `deadline_exceeded` when the time is up.";
const handlerEnds =
  "The stream ends when the handler returns. A `ConnectError` that it throws reaches the client, anything else reaches it as `internal`.";
const clientFails =
  "It fails with a `ConnectError`: the server's, `unavailable` when the connection is lost, `deadline_exceeded` when the time is up, `canceled` after `close`.";

/** The table. */
export const rpcKinds: Readonly<Record<DescMethod["methodKind"], RpcKind>> = {
  unary: { takesRequest: true },

  server_streaming: {
    takesRequest: true,
    streams: {
      server: {
        type: "ServerStreamingServer",
        messages: ["output"],
        purpose: (_, output) => `sends any number of ${output}`,
        methods: [send, sendQueue, context],
        ending: [handlerEnds, serverGone],
      },
      client: {
        type: "ServerStreamingClient",
        messages: ["output"],
        purpose: (_, output) => `receives any number of ${output}`,
        methods: [recv, recvQueue, close, facts],
        ending: ["The stream ends when the server's handler returns.", clientFails],
      },
    },
  },

  client_streaming: {
    takesRequest: false,
    streams: {
      server: {
        type: "ClientStreamingServer",
        messages: ["input", "output"],
        purpose: (input, output) => `receives any number of ${input}, answers with one ${output}`,
        methods: [
          recv,
          "`sendAndClose` sends the one response, and must be called once.",
          recvQueue,
          context,
        ],
        ending: [
          "Receiving ends when the client half-closes, the call ends when the handler returns. A `ConnectError` that it throws reaches the client, anything else reaches it as `internal`.",
          serverGone,
        ],
      },
      client: {
        type: "ClientStreamingClient",
        messages: ["input", "output"],
        purpose: (input, output) => `sends any number of ${input}, receives one ${output}`,
        methods: [
          send,
          "`closeAndRecv` half-closes, then gives the one response.",
          sendQueue,
          closeUpload,
          facts,
        ],
        ending: [
          "The stream ends with the server's response, which may come before the half-close: `send` rejects from then on.",
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
        purpose: (input, output) =>
          `receives any number of ${input} and sends any number of ${output}, in any order`,
        methods: [recv, send, bothQueues, context],
        ending: [`Receiving ends when the client half-closes. ${handlerEnds}`, serverGone],
      },
      client: {
        type: "BidiStreamingClient",
        messages: ["input", "output"],
        purpose: (input, output) =>
          `sends any number of ${input} and receives any number of ${output}, in any order`,
        methods: [
          send,
          recv,
          "`closeSend` half-closes: no message follows, receiving goes on.",
          bothQueues,
          close,
          facts,
        ],
        ending: [
          "The stream ends when the server's handler returns, even if this side has not half-closed: `send` rejects from then on.",
          clientFails,
        ],
      },
    },
  },
};
