// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createContextKey, createContextValues } from "@connectrpc/connect";
import { createValidation } from "connect-stream/protovalidate";
import { testCall } from "connect-stream/testing";
import { describe, expect, it, vi } from "vitest";
import { failure } from "../support/gate.js";
import { LabService, NamesService, type Note } from "../support/gen/lab/v1/lab_pb.js";
import type {
  ChatServerStream,
  DownloadServerStream,
  UploadServerStream,
} from "../support/gen/lab/v1/lab_stream.js";
import { JoinSchema, MetadataService } from "../support/gen/lab/v1/metadata_pb.js";
import { RuledService } from "../support/gen/lab/v1/ruled_pb.js";
import { ShapesSchema } from "../support/gen/lab/v1/shapes_pb.js";
import { bulk } from "../support/note.js";

const { unary, download, upload, chat } = LabService.method;

async function echo(stream: ChatServerStream): Promise<void> {
  for await (const { text } of stream) await stream.send({ text });
}

async function count(_request: Note, stream: DownloadServerStream): Promise<void> {
  for (let i = 1n; i <= 3n; i++) await stream.send({ number: i });
}

async function sum(stream: UploadServerStream): Promise<void> {
  let number = 0n;
  for await (const note of stream) number += note.number;
  await stream.sendAndClose({ number });
}

it("drains", async () => {
  const call = testCall(
    download,
    async (_request: Note, stream: DownloadServerStream) => {
      const { drainSignal } = stream.context;
      await new Promise((resolve) => drainSignal.addEventListener("abort", resolve));
      await stream.send({ text: String(drainSignal.reason) });
    },
    {},
  );
  await call.idle();
  call.drain();
  expect((await call.recv())?.text).toContain("the server is shutting down");
  expect(await call.recv()).toBeUndefined();
});

describe("each kind", () => {
  it("server streaming", async () => {
    const call = testCall(download, count, {});
    const numbers: bigint[] = [];
    for await (const { number } of call) numbers.push(number);
    expect(numbers).toEqual([1n, 2n, 3n]);
    expect((await call.outcome).code).toBeUndefined();
    await call.result;
  });

  it("client streaming", async () => {
    const call = testCall(upload, sum);
    for (const number of [1n, 2n]) await call.send({ number });
    await call.closeSend();
    expect((await call.recv())?.number).toBe(3n);
    expect(await call.recv()).toBeUndefined();
  });

  it("bidirectional", async () => {
    const call = testCall(chat, echo);
    await call.send({ text: "a" });
    expect((await call.recv())?.text).toBe("a");
    await call.closeSend();
    expect(await call.recv()).toBeUndefined();
    await call.result;
  });

  it("unary", async () => {
    const call = testCall(
      unary,
      async ({ text }, { responseHeader, responseTrailer, method }) => {
        responseHeader.set("x-header", "h");
        responseTrailer.set("x-trailer", "t");
        return { text: `${text} ${method.methodKind}` };
      },
      { text: "hello" },
    );
    expect((await call.recv())?.text).toBe("hello unary");
    expect((await call.header).get("x-header")).toBe("h");
    expect((await call.trailer).get("x-trailer")).toBe("t");
  });

  it("an RPC with the name of what every object has", async () => {
    const call = testCall(NamesService.method.hasOwnProperty, echo);
    await call.send({ text: "a" });
    expect((await call.recv())?.text).toBe("a");
    call.cancel();
  });
});

describe("how the handler ends", () => {
  it("result has what it threw, as it threw it; the client has less", async () => {
    const thrown = new TypeError("a secret");
    const call = testCall(chat, () => Promise.reject(thrown));
    await expect(call.result).rejects.toBe(thrown);
    expect((await failure(call.recv())).message).toBe("[internal] internal error");
  });

  it("unary, too", async () => {
    const thrown = new TypeError("a secret");
    const call = testCall(unary, () => Promise.reject(thrown), {});
    await expect(call.result).rejects.toBe(thrown);
    expect((await failure(call.recv())).code).toBe(Code.Internal);
  });

  it("a handler that was never called has the failure of its call", async () => {
    const call = testCall(download, count, { text: "\ud800" });
    call.cancel();
    await expect(call.result).rejects.toMatchObject({ code: Code.Canceled });
  });

  it("onError of the service is told", async () => {
    const onError = vi.fn();
    const thrown = new Error("a secret");
    await testCall(chat, () => Promise.reject(thrown), { service: { onError } }).outcome;
    await testCall(unary, () => Promise.reject(thrown), {}, { service: { onError } }).outcome;
    expect(onError.mock.calls.map(([error]) => error)).toEqual([thrown, thrown]);
  });
});

describe("cancel, disconnect, expire", () => {
  const ways = [
    { way: "cancel", handlerCode: Code.Canceled, clientCode: Code.Canceled, by: "client" },
    {
      way: "disconnect",
      handlerCode: Code.Canceled,
      clientCode: Code.Unavailable,
      by: "connection",
    },
    {
      way: "expire",
      handlerCode: Code.DeadlineExceeded,
      clientCode: Code.DeadlineExceeded,
      by: "deadline",
    },
  ] as const;

  it.each(ways)("$way: both sides are told", async ({ way, handlerCode, clientCode, by }) => {
    let cleaned = 0;
    const call = testCall(chat, async (stream) => {
      const { signal } = stream.context;
      try {
        await stream.recv();
      } finally {
        cleaned++;
        expect(signal.reason).toMatchObject({ code: handlerCode });
      }
    });
    call[way]();
    await expect(call.result).rejects.toMatchObject({ code: handlerCode });
    expect((await failure(call.recv())).code).toBe(clientCode);
    expect(await call.outcome).toMatchObject({ code: clientCode, endedBy: by });
    expect(cleaned).toBe(1);
    call[way](); // nothing more
  });

  it.each(ways)("$way ends a unary call", async ({ way, handlerCode, clientCode }) => {
    const signals: AbortSignal[] = [];
    const call = testCall(
      unary,
      (_request, { signal }) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
      {},
    );
    await call.idle();
    call[way]();
    expect((await failure(call.recv())).code).toBe(clientCode);
    expect(signals[0]?.reason).toMatchObject({ code: handlerCode });
  });

  it.each(ways)("$way after the end changes nothing", async ({ way }) => {
    const call = testCall(download, count, {});
    await call.outcome;
    call[way]();
    expect((await call.outcome).code).toBeUndefined();
    await call.result;
    // A client that closes a stream forgets what it has not received.
    if (way === "cancel") return;
    for (const number of [1n, 2n, 3n]) expect((await call.recv())?.number).toBe(number);
    expect(await call.recv()).toBeUndefined();
  });

  it("leaving a loop or a block cancels", async () => {
    const left = testCall(download, count, {}, { window: 1 });
    for await (const _ of left) break;
    await expect(left.result).rejects.toMatchObject({ code: Code.Canceled });
    const disposed = testCall(chat, echo);
    {
      await using call = disposed;
      await call.send({});
    }
    await expect(disposed.result).rejects.toMatchObject({ code: Code.Canceled });
  });
});

describe("time", () => {
  it("stands still, and moves when it is told to", async () => {
    const times: (number | undefined)[] = [];
    const call = testCall(
      chat,
      async (stream) => {
        for await (const _ of stream) times.push(stream.context.timeoutMs());
      },
      { timeoutMs: 3_600_000 },
    );
    await call.send({});
    await call.advance(600_000);
    await call.send({});
    await call.idle();
    expect(times).toEqual([3_600_000, 3_000_000]);
    await call.advance(2_999_999);
    await call.send({});
    await call.advance(1);
    await expect(call.result).rejects.toMatchObject({ code: Code.DeadlineExceeded });
    expect(times).toEqual([3_600_000, 3_000_000, 1]);
    expect((await call.outcome).endedBy).toBe("deadline");
  });

  it("the client's deadline is among the request's headers", async () => {
    const call = testCall(
      download,
      async (_request, { context }) => {
        expect(context.requestHeader.get("grpc-timeout")).toBe("1000m");
      },
      {},
      { timeoutMs: 1000 },
    );
    await call.result;
  });

  it("a recv of the handler gives up in it, and loses nothing", async () => {
    const call = testCall(chat, async (stream) => {
      for (;;) {
        const message = await stream.recv({ timeoutMs: 1_000_000 }).catch((error) => {
          expect(error.message).toBe("[deadline_exceeded] no message within 1000000 ms");
          return { text: "are you there?" };
        });
        if (!message) return;
        await stream.send(message);
      }
    });
    await call.advance(2_500_000);
    for (let i = 0; i < 2; i++) expect((await call.recv())?.text).toBe("are you there?");
    await call.send({ text: "yes" });
    expect((await call.recv())?.text).toBe("yes");
    await call.advance(499_999);
    await call.closeSend();
    expect(await call.recv()).toBeUndefined();
  });

  it("is not that of fake timers", async () => {
    vi.useFakeTimers();
    try {
      const call = testCall(chat, async (stream) => {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        await stream.send({ text: "later" });
      });
      await call.idle();
      await vi.advanceTimersByTimeAsync(1000);
      expect((await call.recv())?.text).toBe("later");
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("backpressure", () => {
  /** Sends numbers, and notes those that were accepted. */
  function producer(accepted: bigint[]) {
    return async (_request: Note, stream: DownloadServerStream) => {
      for (let number = 1n; ; number++) {
        await stream.send({ number });
        accepted.push(number);
      }
    };
  }

  it.each([0, 1, 3])("a window of %i holds the handler back to the message", async (window) => {
    const accepted: bigint[] = [];
    const call = testCall(download, producer(accepted), {}, { window });
    await call.idle();
    expect(accepted.length).toBe(window);
    for (let i = 1; i <= 5; i++) {
      expect((await call.recv())?.number).toBe(BigInt(i));
      await call.idle();
      expect(accepted.length).toBe(window + i);
    }
    call.cancel();
    await expect(call.result).rejects.toMatchObject({ code: Code.Canceled });
  });

  it("a recv that gives up asks for nothing", async () => {
    let accepted = 0;
    const call = testCall(
      chat,
      async (stream) => {
        await stream.recv();
        for (; ; accepted++) await stream.send({});
      },
      { window: 0 },
    );
    const controller = new AbortController();
    const pending = call.recv({ signal: controller.signal });
    controller.abort();
    await failure(pending);
    await call.send({});
    await call.idle();
    expect(accepted).toBe(0);
    call.cancel();
  });

  it("pause and resume", async () => {
    const accepted: bigint[] = [];
    const call = testCall(download, producer(accepted), {}, { window: 10 });
    call.pause();
    await call.idle();
    expect(accepted).toEqual([]);
    call.resume();
    await call.idle();
    expect(accepted.length).toBe(10);
    call.cancel();
  });

  it("a handler that returns leaves no send pending, and everything arrives", async () => {
    const sends: Promise<void>[] = [];
    const call = testCall(
      download,
      async (_request, stream) => {
        for (const text of ["a", "b"]) sends.push(stream.send({ text }));
      },
      {},
      { window: 0 },
    );
    await call.result;
    await Promise.all(sends);
    for (const text of ["a", "b"]) expect((await call.recv())?.text).toBe(text);
    expect(await call.recv()).toBeUndefined();
  });

  it("without a window, bytes count", async () => {
    let accepted = 0;
    const call = testCall(
      download,
      async (_request, stream) => {
        for (; ; accepted++) await stream.send(bulk(16 * 1024, accepted));
      },
      {},
    );
    await call.idle();
    expect(accepted).toBeGreaterThan(1);
    expect(accepted).toBeLessThan(10);
    call.cancel();
  });

  it("a handler that does not read holds its client back", async () => {
    let accepted = 0;
    const call = testCall(chat, (stream) => {
      const { signal } = stream.context;
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason)),
      );
    });
    for (let i = 0; i < 100; i++) {
      call.send(bulk(16 * 1024, i)).then(
        () => accepted++,
        () => undefined,
      );
    }
    await call.idle();
    expect(accepted).toBeLessThan(10);
    call.cancel();
  });
});

describe("options", () => {
  it("headers and context values", async () => {
    const user = createContextKey("nobody");
    const call = testCall(
      chat,
      async ({ context }) => {
        expect(context.requestHeader.get("x-a")).toBe("b");
        expect(context.values.get(user)).toBe("ada");
        expect(context.protocolName).toBe("grpc");
        expect(context.url).toBe("http://in-memory/lab.v1.LabService/Chat");
      },
      { headers: { "x-a": "b" }, contextValues: createContextValues().set(user, "ada") },
    );
    await call.result;
  });

  it("what cannot be is refused at once", () => {
    const bad = [{ window: -1 }, { window: 0.5 }, { timeoutMs: 0 }, { timeoutMs: Number.NaN }];
    for (const options of bad) expect(() => testCall(chat, echo, options)).toThrow(RangeError);
    const timeouts = { idleMs: 0 };
    expect(() => testCall(chat, echo, { service: { timeouts } })).toThrow("timeouts.idleMs");
    expect(() => testCall(chat, echo).advance(-1)).toThrow(RangeError);
  });

  it.each(["unary", "download"] as const)("validation, %s", async (kind) => {
    const service = { validation: createValidation({ sent: true }) };
    const { method } = RuledService;
    const call = (text: string) =>
      kind === "unary"
        ? testCall(method.unary, async (request) => request, { text }, { service })
        : testCall(
            method.download,
            async (_, stream) => stream.send({ text: "x" }),
            { text },
            { service },
          );
    await call("a").play([{ recv: {} }, "end"]);
    await call("").play([{ fails: Code.InvalidArgument }]);
  });

  it("a request that cannot be serialized fails the call", async () => {
    const call = testCall(download, count, { number: 2n ** 63n });
    expect((await failure(call.recv())).message).toContain("number");
    await expect(call.result).rejects.toBeInstanceOf(ConnectError);
  });
});

describe("initial metadata", () => {
  const metadata = create(JoinSchema, { userId: "née", rooms: ["a", "b"] });

  it("travels as headers, and is the handler's first argument", async () => {
    const call = testCall(
      MetadataService.method.chat,
      async (join, stream) => {
        expect(join).toEqual(metadata);
        expect(join).not.toBe(metadata);
        expect(stream.context.requestHeader.get("rooms")).toBe("a, b");
        for await (const { text } of stream) await stream.send({ text: `${join.userId}: ${text}` });
      },
      { metadata },
    );
    await call.play([{ send: { text: "hello" } }, { recv: { text: "née: hello" } }]);
    call.cancel();
  });

  it("of an upload, from a client that sends nonsense", async () => {
    const handler = vi.fn();
    const call = testCall(MetadataService.method.upload, handler, {
      metadata,
      headers: { level: "high" },
    });
    await call.play([{ fails: ({ rawMessage }) => rawMessage.includes('"level" is "high"') }]);
    await expect(call.result).rejects.toMatchObject({ code: Code.InvalidArgument });
    expect(handler).not.toHaveBeenCalled();
  });

  it("what cannot travel, or is unknown to the schema", () => {
    const { chat } = MetadataService.method;
    const handler = async () => {};
    const bad = create(JoinSchema, { level: 0.5 });
    expect(() => testCall(chat, handler, { metadata: bad })).toThrow("field level");
    const unknown = create(ShapesSchema);
    expect(() => testCall(chat, handler, { metadata: unknown })).toThrow(
      "file lab/v1/metadata.proto neither has nor imports a message lab.v1.Shapes",
    );
  });
});
