// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { ServerStream } from "connect-stream";
import { Random } from "../../fuzz/random.js";
import { gate } from "../../support/gate.js";
import type { Join } from "../../support/gen/lab/v1/metadata_pb.js";
import type { Settlement } from "../settlements.js";
import type { HandlerAct } from "./scenario.js";
import {
  type Numbered,
  note,
  noteSend,
  type Queued,
  settlementOf,
  type Trace,
  tick,
} from "./trace.js";

/** Request header that says whose call it is. */
export const CALL_HEADER = "x-call";

/** Longer than the time it takes, short enough to end in the middle of things, in milliseconds. */
export const BRIEFLY_MS = 2;

/** What a handler throws; clients must see all of it. */
export const thrownError: ConnectError = new ConnectError("thrown on purpose", Code.DataLoss, {
  "x-why": "model",
});

/** What clients must never see. */
export const SECRET = "the text of an ordinary error";

const noise = new Random(1).bytes(200_000);

/** What the messages of all streams have. */
export interface Place {
  readonly number: bigint;
  readonly payload: Uint8Array;
}

/** A message that knows its place. */
export function place({ number, bytes }: Numbered): Place {
  return { number: BigInt(number), payload: noise.subarray(0, bytes) };
}

/** A handler's stream of any kind. */
export interface AnyStream extends ServerStream {
  readonly queued: Queued;
  send?(message: Place): Promise<void>;
  sendAndClose?(message: Place): Promise<void>;
  recv?(options?: { timeoutMs?: number }): Promise<Place | undefined>;
}

/** A handler that does as it is told, from the time it is called. */
export class Puppet {
  readonly #trace: Trace;
  readonly #ended = gate<() => void>();
  readonly #waiting: ((stream: AnyStream) => void)[] = [];
  #stream: AnyStream | undefined;
  #sent = 0;
  #answered = false;

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  /** Now, or when the handler is called. */
  do(act: HandlerAct, bytes: number): void {
    this.#when((stream) => this.#act(stream, act, bytes));
  }

  /** Ends the handler as a well-behaved one does, unless it has ended. */
  finish(act: "return" | "throw an error"): void {
    this.#when((stream) => {
      if (this.#trace.handlerEnd) return;
      if (act === "return" && stream.sendAndClose && !this.#answered)
        this.#act(stream, "answer", 0);
      this.#act(stream, act, 0);
    });
  }

  /** Ends the handler when its call is aborted. */
  finishOnAbort(): void {
    this.#when((stream) => {
      const { signal } = stream.context;
      const end = () => this.finish("return");
      if (signal.aborted) end();
      else signal.addEventListener("abort", end, { once: true });
      // A socket that is held back does not tell that it is closed.
      if (this.#trace.scenario.wire.http === "1.1") void this.#readOn(stream);
    });
  }

  /** Notes what is in the queues. */
  noteQueued(): void {
    this.#trace.handlerQueued = this.#stream?.queued ?? {};
  }

  /** Runs as the handler. */
  async run(stream: AnyStream, metadata?: Join): Promise<void> {
    const { signal } = stream.context;
    this.#trace.handlerStartedAt = tick();
    this.#trace.metadata = metadata;
    signal.addEventListener("abort", () => this.#trace.aborts.push(signal.reason));
    this.#stream = stream;
    for (const act of this.#waiting.splice(0)) act(stream);
    const end = await this.#ended.promise;
    end();
  }

  async #readOn(stream: AnyStream): Promise<void> {
    let read: Settlement | undefined;
    do {
      const promise = stream.recv?.();
      if (!promise) return;
      this.#note("recv", promise);
      read = await settlementOf(promise);
    } while (read.status === "fulfilled" && read.value !== undefined);
  }

  #when(act: (stream: AnyStream) => void): void {
    if (this.#stream) act(this.#stream);
    else this.#waiting.push(act);
  }

  #act(stream: AnyStream, act: HandlerAct, bytes: number): void {
    switch (act) {
      case "send":
        return this.#send(act, stream, bytes, (message) => stream.send?.(message));
      case "answer":
        this.#answered = true;
        return this.#send(act, stream, bytes, (message) => stream.sendAndClose?.(message));
      case "recv":
        return this.#note(act, stream.recv?.());
      case "recv, briefly":
        return this.#note(act, stream.recv?.({ timeoutMs: BRIEFLY_MS }));
      case "send headers":
        return stream.sendHeaders();
      default:
        return this.#end(act);
    }
  }

  #end(act: "return" | "throw an error" | "throw anything"): void {
    if (this.#trace.handlerEnd) return;
    this.#trace.handlerEnd = { act, at: tick() };
    this.#ended.resolve(() => {
      if (act === "throw an error") throw thrownError;
      if (act === "throw anything") throw new Error(SECRET);
    });
  }

  #send(
    act: HandlerAct,
    stream: AnyStream,
    bytes: number,
    send: (message: Place) => Promise<void> | undefined,
  ): void {
    noteSend(
      this.#trace.handler,
      act,
      { number: this.#sent++, bytes },
      {
        stream,
        send: (message) => send(place(message)),
        attentive: !this.#trace.scenario.inattentive,
      },
    );
  }

  #note(act: HandlerAct, promise: Promise<unknown> | undefined): void {
    if (promise) note(this.#trace.handler, act, promise, !this.#trace.scenario.inattentive);
  }
}
