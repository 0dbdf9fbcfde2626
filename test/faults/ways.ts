// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { ClientStream } from "connect-stream";
import { failure, until } from "../support/gate.js";
import type { LabServiceClient, LabServiceHandler } from "../support/gen/lab/v1/lab_stream.js";

/** The server's side of all ways: echoes, fails when told so, or waits for the client to go. */
export const handler: LabServiceHandler = {
  unary: (request) => Promise.resolve(request),
  async download({ text, number }, stream) {
    for (let i = 0n; i < number; i++) await stream.send({ number: i });
    if (text === "fail") throw new ConnectError("told to", Code.DataLoss);
    if (text === "wait") await until(() => stream.context.signal.aborted);
  },
  async upload(stream) {
    for await (const { text } of stream) {
      if (text === "fail") throw new ConnectError("told to", Code.DataLoss);
    }
    await stream.sendAndClose({});
  },
  async chat(stream) {
    for await (const message of stream) await stream.send(message);
  },
};

/** A way in which a call can go, and how it ends. */
export interface Way {
  readonly name: string;
  readonly needsHttp2?: boolean;
  readonly code?: Code;
  /** Makes the call, with `signal` wherever one can be given. */
  go(client: LabServiceClient, options: { signal: AbortSignal }): Promise<ClientStream>;
}

export const ways: readonly Way[] = [
  {
    name: "a download to its end",
    async go(client, options) {
      const call = client.download({ number: 3n }, options);
      for await (const _ of call);
      return call;
    },
  },
  {
    name: "a download that fails",
    code: Code.DataLoss,
    async go(client, options) {
      const call = client.download({ number: 1n, text: "fail" }, options);
      await call.recv(options);
      await failure(call.recv(options));
      return call;
    },
  },
  {
    name: "a download left early",
    code: Code.Canceled,
    async go(client, options) {
      const call = client.download({ number: 100n, text: "wait" }, options);
      for await (const _ of call) break;
      return call;
    },
  },
  {
    name: "a download aborted by a signal of its own",
    code: Code.Canceled,
    async go(client, options) {
      const own = new AbortController();
      const call = client.download({ text: "wait" }, { signal: own.signal });
      const waiting = failure(call.recv(options));
      own.abort();
      await waiting;
      return call;
    },
  },
  {
    name: "a download past its deadline",
    code: Code.DeadlineExceeded,
    async go(client, options) {
      const call = client.download({ text: "wait" }, { ...options, timeoutMs: 20 });
      await failure(call.recv(options));
      return call;
    },
  },
  {
    name: "a download closed after a recv that timed out",
    code: Code.Canceled,
    async go(client, options) {
      await using call = client.download({ text: "wait" }, options);
      await failure(call.recv({ ...options, timeoutMs: 2 }));
      return call;
    },
  },
  {
    name: "an upload within its limits",
    async go(client, options) {
      const timeouts = { firstMessageMs: 60_000, idleMs: 60_000, sendMs: 60_000 };
      const call = client.upload({ ...options, timeoutMs: 60_000, timeouts });
      await call.send({}, options);
      await call.closeAndRecv();
      return call;
    },
  },
  {
    name: "an upload whose handler fails",
    code: Code.DataLoss,
    async go(client, options) {
      const call = client.upload(options);
      await call.send({ text: "fail" }, options);
      await failure(call.closeAndRecv());
      return call;
    },
  },
  {
    name: "an upload given up",
    code: Code.Canceled,
    async go(client, options) {
      const call = client.upload(options);
      await call.send({}, options);
      call.close();
      return call;
    },
  },
  {
    name: "a chat to its end",
    needsHttp2: true,
    async go(client, options) {
      const call = client.chat(options);
      await call.send({}, options);
      await call.recv(options);
      await call.closeSend();
      while (await call.recv(options));
      return call;
    },
  },
];
