// SPDX-License-Identifier: Apache-2.0
import { EventEmitter } from "node:events";
import { Code, ConnectError } from "@connectrpc/connect";
import type { StreamOutcome } from "connect-stream";
import {
  pipeEvents,
  pipeIterable,
  pipeObservable,
  type SendingStream,
  toObservable,
} from "connect-stream/interop";
import { concatMap, from, Subject } from "rxjs";
import { describe, expect, it } from "vitest";

/** A stream that sends, whose peer reads when the test says so. */
class FakeStream implements SendingStream<number> {
  readonly sent: number[] = [];
  readonly cancel = new AbortController();
  readonly context = { signal: this.cancel.signal };
  readonly #waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  #open: boolean;

  constructor(open = true) {
    this.#open = open;
  }

  get queued() {
    return { send: { messages: this.#waiting.length, bytes: 0, dropped: 0 } };
  }

  send(message: number): Promise<void> {
    this.sent.push(message);
    if (this.#open) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** The peer reads all from now on. */
  read(): void {
    this.#open = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  /** Sends that wait reject. */
  end(error: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

/** How many listeners an emitter has, of any event. */
const listeners = (emitter: EventEmitter) =>
  emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);

describe("pipeEvents", () => {
  it("sends a burst at once where flow control lets it, whatever the bound", async () => {
    const [emitter, stream] = [new EventEmitter(), new FakeStream()];
    const piped = pipeEvents(emitter, "n", stream, { maxMessages: 1, endEvent: "end" });
    for (let n = 0; n < 100; n++) emitter.emit("n", n);
    emitter.emit("end");
    await piped;
    expect(stream.sent).toHaveLength(100);
    expect(listeners(emitter)).toBe(0);
  });

  it("fails when its queue is full, and keeps no listener", async () => {
    const [emitter, stream] = [new EventEmitter(), new FakeStream(false)];
    const piped = pipeEvents(emitter, "n", stream, { maxMessages: 2 });
    for (let n = 0; n < 4; n++) emitter.emit("n", n);
    expect(listeners(emitter)).toBe(0);
    await expect(piped).rejects.toMatchObject({
      code: Code.ResourceExhausted,
      rawMessage: "the pipe's queue is full: 2 messages, configured maxMessages is 2",
    });
  });

  it("drops the oldest that wait", async () => {
    const [emitter, stream] = [new EventEmitter(), new FakeStream(false)];
    const options = { maxMessages: 2, whenFull: "drop-oldest", endEvent: "end" } as const;
    const piped = pipeEvents(emitter, "n", stream, options);
    for (let n = 0; n < 10; n++) emitter.emit("n", n);
    emitter.emit("end");
    stream.read();
    await piped;
    expect(stream.sent).toEqual([0, 8, 9]);
  });

  it("stops when the call is cancelled, while its queue is full", async () => {
    const [emitter, stream] = [new EventEmitter(), new FakeStream(false)];
    const options = { maxMessages: 1, whenFull: "drop-oldest" } as const;
    const piped = pipeEvents(emitter, "n", stream, options);
    for (let n = 0; n < 3; n++) emitter.emit("n", n);
    stream.cancel.abort(new ConnectError("gone", Code.Canceled));
    expect(listeners(emitter)).toBe(0);
    await expect(piped).rejects.toMatchObject({ code: Code.Canceled });
    stream.read();
    expect(stream.sent).toEqual([0]);
  });

  it("rejects with an error event, and an aborted signal", async () => {
    const [emitter, stream] = [new EventEmitter(), new FakeStream()];
    const failed = pipeEvents(emitter, "n", stream);
    emitter.emit("error", new Error("sensor broke"));
    await expect(failed).rejects.toThrow("sensor broke");
    const stop = new AbortController();
    const stopped = pipeEvents(emitter, "n", stream, { signal: stop.signal });
    stop.abort();
    await expect(stopped).rejects.toMatchObject({ code: Code.Canceled });
    expect(listeners(emitter)).toBe(0);
    // A call that has gone already.
    stream.cancel.abort();
    await expect(pipeEvents(emitter, "n", stream)).rejects.toMatchObject({ code: Code.Canceled });
    expect(listeners(emitter)).toBe(0);
  });

  it("stops when a send fails, as after the handler returned", async () => {
    const [emitter, stream] = [new EventEmitter(), new FakeStream(false)];
    const piped = pipeEvents(emitter, "n", stream);
    emitter.emit("n", 1);
    stream.end(new ConnectError("over", Code.Canceled));
    await expect(piped).rejects.toThrow("over");
    expect(listeners(emitter)).toBe(0);
  });

  it("stops when the server ends a client's call", async () => {
    const emitter = new EventEmitter();
    const none = { messages: 0, bytes: 0, dropped: 0 };
    const outcome: StreamOutcome = {
      code: undefined,
      error: undefined,
      sent: none,
      received: none,
      durationMs: 1,
      attempts: 1,
      endedBy: "server",
    };
    const stream: SendingStream<number> = {
      send: async () => {},
      queued: { send: none },
      outcome: Promise.resolve(outcome),
    };
    await expect(pipeEvents(emitter, "n", stream)).rejects.toThrow("the server has ended the call");
    expect(listeners(emitter)).toBe(0);
  });

  it.each([
    [{ maxMessages: 0 }, /maxMessages/],
    [{ whenFull: JSON.parse('"wait"') }, /whenFull must be fail, drop-oldest/],
  ])("rejects %j", async (options, error) => {
    const emitter = new EventEmitter();
    await expect(pipeEvents(emitter, "n", new FakeStream(), options)).rejects.toThrow(error);
    expect(listeners(emitter)).toBe(0);
  });
});

describe("pipeIterable", () => {
  it("reads ahead as far as it may, and no further", async () => {
    const stream = new FakeStream(false);
    let read = 0;
    function* numbers() {
      for (; read < 10; read++) yield read;
    }
    const piped = pipeIterable(numbers(), stream, { maxMessages: 2 });
    await new Promise((resolve) => setImmediate(resolve));
    // One on its way, two that wait.
    expect(read).toBe(2);
    stream.read();
    await piped;
    expect(stream.sent).toHaveLength(10);
  });

  it("ends the iterable when the call is cancelled while it is quiet", async () => {
    const stream = new FakeStream();
    let returned = false;
    const quiet: AsyncIterableIterator<number> = {
      [Symbol.asyncIterator]: () => quiet,
      next: () => new Promise(() => {}),
      return: async () => {
        returned = true;
        return { done: true, value: undefined };
      },
    };
    const piped = pipeIterable(quiet, stream);
    stream.cancel.abort();
    await expect(piped).rejects.toMatchObject({ code: Code.Canceled });
    expect(returned).toBe(true);
  });

  it("rejects with the error of the iterable", async () => {
    async function* broken() {
      yield 1;
      throw new Error("disk broke");
    }
    await expect(pipeIterable(broken(), new FakeStream())).rejects.toThrow("disk broke");
  });
});

describe("pipeObservable", () => {
  it("sends what is emitted, and unsubscribes when the call ends", async () => {
    const [subject, stream] = [new Subject<number>(), new FakeStream()];
    const piped = pipeObservable(subject, stream);
    subject.next(1);
    stream.cancel.abort();
    await expect(piped).rejects.toMatchObject({ code: Code.Canceled });
    expect(stream.sent).toEqual([1]);
    expect(subject.observed).toBe(false);
  });

  it("completes, also where all comes while it subscribes", async () => {
    const stream = new FakeStream();
    await pipeObservable(from([1, 2, 3]), stream);
    expect(stream.sent).toEqual([1, 2, 3]);
  });
});

/** A client stream of the numbers from 0. */
function numbers(count: number, failure?: Error) {
  const none = { messages: 0, bytes: 0, dropped: 0 };
  let closed = false;
  const stream = {
    header: Promise.resolve(new Headers()),
    trailer: Promise.resolve(new Headers()),
    outcome: new Promise<StreamOutcome>(() => {}),
    queued: { receive: none },
    get closed() {
      return closed;
    },
    close() {
      closed = true;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
    },
    async *[Symbol.asyncIterator]() {
      try {
        for (let n = 0; n < count; n++) yield n;
        if (failure) throw failure;
      } finally {
        closed = true;
      }
    },
  };
  return stream;
}

describe("toObservable", () => {
  it("gives RxJS its messages and its end, and to slow operators too", async () => {
    const seen: number[] = [];
    const slow = from(toObservable(numbers(5))).pipe(concatMap(async (n) => n * 2));
    await slow.forEach((n) => void seen.push(n));
    expect(seen).toEqual([0, 2, 4, 6, 8]);
  });

  it("calls nothing after an unsubscribe inside next, and closes the call", async () => {
    const stream = numbers(5);
    const seen: unknown[] = [];
    const subscription = toObservable(stream).subscribe({
      next: (n) => {
        seen.push(n);
        subscription.unsubscribe();
        expect(stream.closed).toBe(true);
      },
      complete: () => seen.push("complete"),
      error: (error) => seen.push(error),
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual([0]);
  });

  it("gives the error of the stream, and one that next throws", async () => {
    const failure = new ConnectError("no", Code.Unavailable);
    await expect(from(toObservable(numbers(1, failure))).forEach(() => {})).rejects.toBe(failure);
    const stream = numbers(2);
    const error = await new Promise((resolve) =>
      toObservable(stream).subscribe({
        next: () => {
          throw new Error("mine");
        },
        error: resolve,
      }),
    );
    expect(error).toMatchObject({ message: "mine" });
    expect(stream.closed).toBe(true);
  });

  it("reads a stream once, and calls a function for each subscription", async () => {
    const one = from(toObservable(numbers(1)));
    await one.forEach(() => {});
    await expect(one.forEach(() => {})).rejects.toThrow("already has a subscription");
    let calls = 0;
    const many = from(toObservable(() => numbers(++calls)));
    await many.forEach(() => {});
    await many.forEach(() => {});
    expect(calls).toBe(2);
  });
});
