// SPDX-License-Identifier: Apache-2.0
import { type BidiStreamingClient, Code, type StreamOutcome } from "connect-stream";
import { type OwnTransport, ownTransport } from "../faults/transport.js";
import type { Note, NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import { createLabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import { wires } from "../support/wires.js";

type Chat = BidiStreamingClient<typeof NoteSchema, typeof NoteSchema>;

/** How calls ended, by code, and what should not have been. */
export interface DrainResults {
  /** Those that were finished while the server drained. */
  readonly finished: Record<string, number>;
  /** Those that never end of themselves. */
  readonly endless: Record<string, number>;
  /** Calls that were started while the server drained. */
  readonly started: Record<string, number>;
  readonly faults: string[];
}

const CONNECTIONS_PER_WIRE = 4;
/** More than any grace allows for. */
const ENDLESS = 2n ** 40n;
const NEW_CALLS = 20;

/** Streams that are busy while their server drains: chats that go on, and endless downloads. */
export class DrainLoad {
  #transports: OwnTransport[] = [];
  readonly #finishing: Promise<StreamOutcome>[] = [];
  readonly #endless: Promise<StreamOutcome>[] = [];
  readonly #faults: string[] = [];
  #started: Promise<StreamOutcome>[] = [];
  #finish = false;

  /** Resolves when every stream has had a message. */
  async open({ url, streams }: { url: string; streams: number }): Promise<number> {
    const http2 = wires.filter(({ http }) => http === "2");
    this.#transports = http2.flatMap((wire) =>
      Array.from({ length: CONNECTIONS_PER_WIRE }, () => ownTransport(url, wire)),
    );
    const opened = Array.from({ length: streams }, async (_, i) => {
      const client = createLabServiceClient(this.#transport(i).transport);
      if (i % 3 === 0) {
        const call = client.download({ number: ENDLESS });
        this.#endless.push(call.outcome);
        await call.recv();
        void this.#inOrder(call);
        return;
      }
      const call = client.chat();
      const finishes = i % 3 === 1;
      (finishes ? this.#finishing : this.#endless).push(call.outcome);
      await call.send({ number: 0n });
      await call.recv();
      void this.#echo(call, finishes);
    });
    await Promise.all(opened);
    return streams;
  }

  /** Ends a third of the streams, as their clients would; and starts new calls. */
  async finishSome(): Promise<void> {
    this.#finish = true;
    this.#started = Array.from({ length: NEW_CALLS }, (_, i) => {
      const call = createLabServiceClient(this.#transport(i).transport).download({ number: 1n });
      void this.#inOrder(call);
      return call.outcome;
    });
  }

  async results(): Promise<DrainResults> {
    const results = {
      finished: count(await Promise.all(this.#finishing)),
      endless: count(await Promise.all(this.#endless)),
      started: count(await Promise.all(this.#started)),
      faults: this.#faults,
    };
    for (const own of this.#transports) own[Symbol.dispose]();
    return results;
  }

  #transport(i: number): OwnTransport {
    const own = this.#transports[i % this.#transports.length];
    if (!own) throw new Error("no transport");
    return own;
  }

  /** Sends and receives, one message at a time, to the end. */
  async #echo(call: Chat, finishes: boolean): Promise<void> {
    let number = 0n;
    try {
      while (!(finishes && this.#finish)) {
        await call.send({ number: ++number });
        const echo = await call.recv();
        if (echo?.number !== number) this.#faults.push(`sent ${number}, got ${echo?.number}`);
      }
      await call.closeSend();
      if (await call.recv()) this.#faults.push("a message that was not sent");
    } catch {
      // The outcome tells.
    }
  }

  async #inOrder(call: AsyncIterable<Note>): Promise<void> {
    let last = -1n;
    try {
      for await (const { number } of call) {
        if (number < last) this.#faults.push(`${number} after ${last}`);
        last = number;
      }
    } catch {
      // The outcome tells.
    }
  }
}

function count(outcomes: readonly StreamOutcome[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { code } of outcomes) {
    const name = code === undefined ? "complete" : (Code[code] ?? String(code));
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
