// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { ServerStream } from "connect-stream";
import { Random } from "../../fuzz/random.js";
import { gate } from "../../support/gate.js";
import type { Note } from "../../support/gen/lab/v1/lab_pb.js";
import type { LabServiceHandler } from "../../support/gen/lab/v1/lab_stream.js";
import type { NoteInit } from "../../support/note.js";
import type { HandlerAct } from "./scenario.js";
import { note, type Trace, tick } from "./trace.js";

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

/** A message that knows its place. */
export function numbered(number: number, bytes: number): NoteInit {
  return { number: BigInt(number), payload: noise.subarray(0, bytes) };
}

interface AnyStream extends ServerStream {
  send?(message: NoteInit): Promise<void>;
  sendAndClose?(message: NoteInit): Promise<void>;
  recv?(options?: { timeoutMs?: number }): Promise<Note | undefined>;
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
    this.#when(({ context: { signal } }) => {
      const end = () => this.finish("return");
      if (signal.aborted) end();
      else signal.addEventListener("abort", end, { once: true });
    });
  }

  /** Runs as the handler. */
  async run(stream: AnyStream): Promise<void> {
    const { signal } = stream.context;
    this.#trace.handlerStartedAt = tick();
    signal.addEventListener("abort", () => this.#trace.aborts.push(signal.reason));
    this.#stream = stream;
    for (const act of this.#waiting.splice(0)) act(stream);
    const end = await this.#ended.promise;
    end();
  }

  #when(act: (stream: AnyStream) => void): void {
    if (this.#stream) act(this.#stream);
    else this.#waiting.push(act);
  }

  #act(stream: AnyStream, act: HandlerAct, bytes: number): void {
    switch (act) {
      case "send":
        return this.#note(act, stream.send?.(numbered(this.#sent, bytes)), this.#sent++);
      case "answer":
        this.#answered = true;
        return this.#note(act, stream.sendAndClose?.(numbered(this.#sent, bytes)), this.#sent++);
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

  #note(act: HandlerAct, promise: Promise<unknown> | undefined, number?: number): void {
    if (!promise) return;
    note(this.#trace.handler, act, promise, number, !this.#trace.scenario.inattentive);
  }
}

/** All puppets of one server. */
export class Puppets {
  readonly #puppets = new Map<string, { puppet: Puppet; trace: Trace }>();

  readonly handler: LabServiceHandler = {
    unary: (request) => Promise.resolve(request),
    download: (_request, stream) => this.#run(stream),
    upload: (stream) => this.#run(stream),
    chat: (stream) => this.#run(stream),
  };

  readonly onError = (error: unknown, context: { requestHeader: Headers }): void => {
    this.#of(context.requestHeader).trace.reported.push(error);
  };

  add(call: string, trace: Trace): Puppet {
    const puppet = new Puppet(trace);
    this.#puppets.set(call, { puppet, trace });
    return puppet;
  }

  remove(call: string): void {
    this.#puppets.delete(call);
  }

  #run(stream: AnyStream): Promise<void> {
    return this.#of(stream.context.requestHeader).puppet.run(stream);
  }

  #of(header: Headers): { puppet: Puppet; trace: Trace } {
    const found = this.#puppets.get(header.get(CALL_HEADER) ?? "");
    if (!found) throw new Error("a call of no scenario");
    return found;
  }
}
