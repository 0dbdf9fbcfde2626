// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { ServerStream, StreamContext } from "connect-stream";
import { gate } from "../../support/gate.js";
import type { Join } from "../../support/gen/lab/v1/metadata_pb.js";
import type { Settlement } from "../settlements.js";
import { type Place, place } from "./place.js";
import type { HandlerAct } from "./scenario.js";
import { note, noteSend, type Queued, settlementOf, type Trace, tick } from "./trace.js";

/** Request header that says whose call it is. */
export const CALL_HEADER = "x-call";

/** Longer than the time it takes, short enough to end in the middle of things, in milliseconds. */
export const BRIEFLY_MS = 2;

/** What a handler throws; clients must see all of it. */
export const thrownError: ConnectError = new ConnectError("thrown on purpose", Code.DataLoss, {
  "x-why": "model",
});

/** How much longer than it may a handler goes on that is stuck: long enough to be told of again. */
const MUCH_LONGER = 3;

/** Header and trailer that unary handlers set; trailers travel as headers in some protocols. */
export const SET_HEADER = "x-model";
export const SET_TRAILER = "x-model-trailer";

/** What clients must never see. */
export const SECRET = "the text of an ordinary error";

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
  #looked = false;
  #finishesWhen: "served" | "overran" | undefined;
  #response: Place = place({ number: 0, bytes: 0 });

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  /** Now, or when the handler is called. */
  do(act: HandlerAct, bytes: number): void {
    this.#when((stream) => this.#act(stream, act, bytes));
  }

  /** Ends the handler as a well-behaved one does, unless it has ended. */
  finish(act: "return" | "throw an error", bytes = 0): void {
    this.#when((stream) => {
      if (this.#trace.handlerEnd) return;
      if (act === "return" && stream.sendAndClose && !this.#answered)
        this.#act(stream, "answer", 0);
      this.#act(stream, act, bytes);
    });
  }

  /** Ends the handler when its call is aborted. */
  finishOnAbort(): void {
    this.#when((stream) => {
      const { signal } = stream.context;
      this.#look(stream);
      const end = () => this.finish("return");
      if (signal.aborted) end();
      else signal.addEventListener("abort", end, { once: true });
      this.#listen(stream);
    });
  }

  /** Ends the handler when its call is over, of which it is told nothing itself. */
  finishWhenServed(): void {
    this.#finishesWhen = "served";
    if (this.#trace.served) this.finish("return");
  }

  /** The server says that the call is over. */
  served(): void {
    if (this.#finishesWhen === "served") this.finish("return");
  }

  /** Ends the handler some time after somebody has been told that it goes on. */
  finishWhenOverran(): void {
    this.#finishesWhen = "overran";
    this.#when((stream) => this.#listen(stream));
    if (this.#trace.overruns.length > 0) this.overran();
  }

  /** Somebody has been told that the handler goes on after its call. */
  overran(): void {
    if (this.#finishesWhen !== "overran") return;
    const ms = (this.#trace.scenario.overrun?.ms ?? 0) * MUCH_LONGER;
    setTimeout(() => this.finish("return"), ms);
  }

  /** Resolves when the handler has ended, if it has been called. */
  get over(): Promise<unknown> | undefined {
    return this.#stream && this.#ended.promise;
  }

  /** Notes what is in the queues, and how the handler's signal is. */
  noteState(): void {
    this.#trace.handlerQueued = this.#stream?.queued ?? {};
    this.#trace.abortReason = this.#stream?.context.signal.reason;
  }

  /** Runs as the handler. */
  async run(stream: AnyStream, metadata?: Join): Promise<void> {
    this.#trace.metadata = metadata;
    this.#look(stream);
    await this.#start(stream);
  }

  /** Runs as the handler of a unary call, which has a signal only if it looks. */
  async answer(request: Place, context: StreamContext): Promise<Place> {
    this.#trace.request = request;
    await this.#start({ context, queued: {}, sendHeaders: () => undefined });
    return this.#response;
  }

  async #start(stream: AnyStream): Promise<void> {
    this.#trace.handlerStartedAt = tick();
    this.#stream = stream;
    for (const act of this.#waiting.splice(0)) act(stream);
    const end = await this.#ended.promise;
    end();
  }

  #look({ context: { signal } }: AnyStream): void {
    if (this.#looked) return;
    this.#looked = true;
    const aborted = () => {
      this.#trace.abortedAt = tick();
      this.#trace.aborts.push(signal.reason);
    };
    if (signal.aborted) aborted();
    else signal.addEventListener("abort", aborted);
  }

  #setHeaders({ responseHeader, responseTrailer }: HandlerContext): void {
    if (this.#trace.handlerEnd) return;
    this.#trace.headersSet = true;
    responseHeader.set(SET_HEADER, "set");
    responseTrailer.set(SET_TRAILER, "set");
  }

  /** A socket that is held back does not tell that it is closed. */
  #listen(stream: AnyStream): void {
    if (this.#trace.scenario.wire.http === "1.1") void this.#readOn(stream);
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
      case "set headers":
        return this.#setHeaders(stream.context);
      case "look at the signal":
        return this.#look(stream);
      default:
        return this.#end(act, bytes);
    }
  }

  #end(act: "return" | "throw an error" | "throw anything", bytes: number): void {
    if (this.#trace.handlerEnd) return;
    this.#trace.handlerEnd = { act, at: tick() };
    if (act === "return" && this.#trace.scenario.kind === "unary") this.#respond(bytes);
    this.#ended.resolve(() => {
      if (act === "throw an error") throw thrownError;
      if (act === "throw anything") throw new Error(SECRET);
    });
  }

  #respond(bytes: number): void {
    const message = { number: 0, bytes };
    this.#response = place(message);
    note(this.#trace.handler, "answer", Promise.resolve(), true, { message, waiting: undefined });
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
