// SPDX-License-Identifier: Apache-2.0
import type { BidiStreamingClient } from "connect-stream";
import { type OwnTransport, ownTransport } from "../faults/transport.js";
import type { NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import { createLabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import { wires } from "../support/wires.js";

/** Bidirectional streams that say nothing for a long time. */
export class IdleLoad {
  #transports: OwnTransport[] = [];
  #calls: BidiStreamingClient<typeof NoteSchema, typeof NoteSchema>[] = [];

  /** Resolves when every stream has carried a message each way. */
  async open({
    url,
    connections,
    streams,
  }: {
    url: string;
    connections: number;
    streams: number;
  }): Promise<number> {
    const http2 = wires.filter(({ http }) => http === "2");
    for (let i = 0; i < connections; i++) {
      const wire = http2[i % http2.length];
      if (wire) this.#transports.push(ownTransport(url, wire));
    }
    for (const { transport } of this.#transports) {
      const client = createLabServiceClient(transport);
      const calls = Array.from({ length: streams / connections }, () => client.chat());
      this.#calls.push(...calls);
      await Promise.all(calls.map(echo));
    }
    return this.#calls.length;
  }

  /** How many of the streams still carry a message each way. */
  async use(): Promise<number> {
    const results = await Promise.allSettled(this.#calls.map(echo));
    return results.filter(({ status }) => status === "fulfilled").length;
  }

  /** How many of the streams ended without an error. */
  async close(): Promise<number> {
    for (const call of this.#calls) void call.closeSend();
    await Promise.all(this.#calls.map((call) => call.recv()));
    const outcomes = await Promise.all(this.#calls.map(({ outcome }) => outcome));
    for (const own of this.#transports) own[Symbol.dispose]();
    return outcomes.filter(({ code }) => code === undefined).length;
  }
}

async function echo(
  call: BidiStreamingClient<typeof NoteSchema, typeof NoteSchema>,
): Promise<void> {
  await call.send({ text: "still here" });
  if ((await call.recv())?.text !== "still here") throw new Error("no echo");
}
