// SPDX-License-Identifier: Apache-2.0
import {
  Code,
  ConnectError,
  createClient,
  createContextKey,
  createContextValues,
  type Interceptor,
} from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { generatedClient } from "../support/clients/generated.js";
import { describeEach } from "../support/clients/kinds.js";
import { all } from "../support/clients/test-client.js";
import { ourTransport } from "../support/clients/transports.js";
import { pair } from "../support/fixture.js";
import { failure, gate, observed } from "../support/gate.js";
import { LabService, type Note } from "../support/gen/lab/v1/lab_pb.js";
import {
  createLabServiceClient,
  type DownloadServerStream,
  type LabServiceHandler,
  type UploadServerStream,
} from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { wires } from "../support/wires.js";

/** All kinds: what comes in goes out. */
const echo: LabServiceHandler = {
  unary: async ({ text }) => ({ text }),
  async download({ text }, stream) {
    for (const part of text.split(",")) await stream.send({ text: part });
  },
  async upload(stream) {
    const texts: string[] = [];
    for await (const { text } of stream) texts.push(text);
    await stream.sendAndClose({ text: texts.join() });
  },
  async chat(stream) {
    for await (const { text } of stream) await stream.send({ text });
  },
};

const user = createContextKey("nobody");

/** Writes down every message, both ways, and marks headers and trailers. */
function observer(seen: string[]): Interceptor {
  return (next) => async (request) => {
    request.header.set("x-request", "marked");
    seen.push(`> ${request.method.name} ${request.stream}`);
    const counted = request.stream ? { ...request, message: tap(request.message, "in") } : request;
    const response = await next(counted);
    response.header.set("x-header", "marked");
    response.trailer.set("x-trailer", "marked");
    return response.stream ? { ...response, message: tap(response.message, "out") } : response;
  };

  async function* tap<T extends object>(messages: AsyncIterable<T>, way: string) {
    for await (const message of messages) {
      seen.push(`${way} ${"text" in message ? message.text : ""}`);
      yield message;
    }
    seen.push(`${way} end`);
  }
}

describeEach(({ wire, client: kind }) => {
  const combination = { wire, client: kind };

  it("a server's interceptors see and mark streams", async () => {
    const seen: string[] = [];
    let header: string | null = "";
    await using p = await pair(
      combination,
      {
        ...echo,
        async download(request, stream) {
          header = stream.context.requestHeader.get("x-request");
          await echo.download(request, stream);
        },
      },
      { adapter: { interceptors: [observer(seen)] } },
    );
    const call = p.client.download({ text: "a,b" });
    expect((await all(call)).map(({ text }) => text)).toEqual(["a", "b"]);
    expect(header).toBe("marked");
    expect((await call.header).get("x-header")).toBe("marked");
    expect((await call.trailer).get("x-trailer")).toBe("marked");
    expect(seen).toEqual(["> Download true", "in a,b", "in end", "out a", "out b", "out end"]);

    seen.length = 0;
    const upload = p.client.upload();
    await upload.send({ text: "c" });
    await upload.send({ text: "d" });
    upload.closeSend();
    expect((await upload.recv())?.text).toBe("c,d");
    expect(seen).toEqual(["> Upload true", "in c", "in d", "in end", "out c,d", "out end"]);

    seen.length = 0;
    expect((await p.client.unary({ text: "e" })).text).toBe("e");
    expect(seen).toEqual(["> Unary false"]);
    await p.lab.idle();
  });

  it("a server's interceptor can reject a call before the handler", async () => {
    let called = false;
    const refuse: Interceptor = () => async () => {
      throw new ConnectError("no name", Code.Unauthenticated, { "x-why": "no name" });
    };
    await using p = await pair(
      combination,
      {
        async download() {
          called = true;
        },
        async upload() {
          called = true;
        },
      },
      { adapter: { interceptors: [refuse] } },
    );
    const upload = p.client.upload();
    upload.closeSend();
    const calls = [p.client.unary({}), p.client.download({}).recv(), upload.recv()];
    for (const error of await Promise.all(calls.map(failure))) {
      expect(error.code).toBe(Code.Unauthenticated);
      expect(error.rawMessage).toBe("no name");
      expect(error.metadata.get("x-why")).toBe("no name");
    }
    expect(called).toBe(false);
    await p.lab.idle();
  });

  it("a handler behind a server's interceptor wakes when the client cancels", async () => {
    const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
      for (;;) await stream.send({ payload: new Uint8Array(16 * 1024) });
    });
    await using p = await pair(
      combination,
      { download: handler },
      { adapter: { interceptors: [observer([])] } },
    );
    const call = p.client.download({});
    await call.recv();
    call.cancel();
    expect(ConnectError.from(await ended).code).toBe(Code.Canceled);
    await p.lab.idle();
  });

  it("a cancelled upload is no clean end behind a server's interceptor", async () => {
    const started = gate();
    const { handler, ended } = observed(async (stream: UploadServerStream) => {
      await stream.recv();
      started.resolve();
      await stream.recv();
    });
    await using p = await pair(
      combination,
      { upload: handler },
      { adapter: { interceptors: [observer([])] } },
    );
    const call = p.client.upload();
    const response = kind.generated ? undefined : failure(call.recv());
    await call.send({});
    await started.promise;
    call.cancel();
    expect(ConnectError.from(await ended).code).toBe(Code.Canceled);
    await response;
    await p.lab.idle();
  });
});

describe.each(wires)("on the server, $name", (wire) => {
  it.each(["header", "first message"])(
    "an interceptor that rejects at the %s ends the handler, too",
    async (where) => {
      const started = gate();
      const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
        started.resolve();
        for (;;) await stream.send({ text: "more" });
      });
      const strict: Interceptor = (next) => async (request) => {
        const response = await next(request);
        await started.promise;
        const error = new ConnectError("not like that", Code.Aborted);
        if (where === "header" || !response.stream) throw error;
        return { ...response, message: failing(response.message, error) };
      };
      await using lab = await startLab(
        { download: handler },
        { http: wire.http, adapter: { interceptors: [strict] } },
      );
      const client = createLabServiceClient(ourTransport(lab.url, wire));
      expect((await failure(client.download({}).recv())).code).toBe(Code.Aborted);
      expect(ConnectError.from(await ended)).toBeInstanceOf(ConnectError);
      await lab.idle();
    },
  );

  it("an interceptor's own fault goes to onError and nowhere else", async () => {
    const faults: unknown[] = [];
    const fault = new Error("secret");
    const broken: Interceptor = () => async () => {
      throw fault;
    };
    await using lab = await startLab(echo, {
      http: wire.http,
      adapter: { interceptors: [broken] },
      service: { onError: (error) => faults.push(error) },
    });
    const client = createLabServiceClient(ourTransport(lab.url, wire));
    const error = await failure(client.download({}).recv());
    expect(error.code).toBe(Code.Internal);
    expect(error.message).not.toContain("secret");
    expect(faults).toEqual([fault]);
  });

  it("the first interceptor is the outermost, and values reach the handler", async () => {
    const order: string[] = [];
    const named =
      (name: string): Interceptor =>
      (next) =>
      (request) => {
        order.push(name);
        request.contextValues.set(user, `${request.contextValues.get(user)}+${name}`);
        return next(request);
      };
    const users: string[] = [];
    await using lab = await startLab(
      {
        async download(_request, { context }) {
          users.push(context.values.get(user));
        },
        unary: async (_request, context) => {
          users.push(context.values.get(user));
          return {};
        },
      },
      {
        http: wire.http,
        adapter: {
          interceptors: [named("a"), named("b")],
          contextValues: () => createContextValues().set(user, "somebody"),
        },
      },
    );
    const client = createLabServiceClient(ourTransport(lab.url, wire));
    await client.download({}).recv();
    await client.unary({});
    expect(order).toEqual(["a", "b", "a", "b"]);
    expect(users).toEqual(["somebody+a+b", "somebody+a+b"]);
  });

  it("an interceptor sees a handler's error, once", async () => {
    const seen: unknown[] = [];
    const faults: unknown[] = [];
    const watch: Interceptor = (next) => async (request) => {
      const response = await next(request);
      return response.stream
        ? { ...response, message: catching(response.message, (error) => seen.push(error)) }
        : response;
    };
    await using lab = await startLab(
      {
        async download(_request, stream) {
          await stream.send({});
          throw new Error("a fault");
        },
      },
      {
        http: wire.http,
        adapter: { interceptors: [watch] },
        service: { onError: (error) => faults.push(error) },
      },
    );
    const client = createLabServiceClient(ourTransport(lab.url, wire));
    const stream = client.download({});
    await stream.recv();
    expect((await failure(stream.recv())).code).toBe(Code.Internal);
    expect(faults.length).toBe(1);
    expect(seen.length).toBe(1);
  });
});

describe.each(wires)("on the client, $name", (wire) => {
  it("interceptors see and mark streams", async () => {
    const seen: string[] = [];
    let header: string | null = "";
    await using lab = await startLab(
      {
        ...echo,
        async download(request, stream) {
          header = stream.context.requestHeader.get("x-request");
          await echo.download(request, stream);
        },
      },
      { http: wire.http },
    );
    const transport = ourTransport(lab.url, wire, { interceptors: [observer(seen)] });
    const client = generatedClient(transport);
    const call = client.download({ text: "a,b" });
    expect((await all(call)).map(({ text }) => text)).toEqual(["a", "b"]);
    expect(header).toBe("marked");
    expect((await call.header).get("x-header")).toBe("marked");
    expect((await call.trailer).get("x-trailer")).toBe("marked");
    expect([...seen].sort()).toEqual(
      ["> Download true", "in a,b", "in end", "out a", "out b", "out end"].sort(),
    );
    seen.length = 0;
    const upload = client.upload();
    await upload.send({ text: "c" });
    upload.closeSend();
    expect((await upload.recv())?.text).toBe("c");
    expect((await client.unary({ text: "e" })).text).toBe("e");
    expect(seen).toContain("> Unary false");
    await lab.idle();
  });

  it("an interceptor can refuse a call, and the server never hears of it", async () => {
    const refuse: Interceptor = () => async () => {
      throw new ConnectError("not today", Code.FailedPrecondition);
    };
    await using lab = await startLab(echo, { http: wire.http });
    const client = createLabServiceClient(ourTransport(lab.url, wire, { interceptors: [refuse] }));
    const upload = client.upload();
    const calls = [
      client.unary({}),
      client.download({}).recv(),
      upload.closeAndRecv(),
      upload.header,
    ];
    for (const error of await Promise.all(calls.map(failure))) {
      expect(error.code).toBe(Code.FailedPrecondition);
    }
    expect((await failure(upload.send({}))).code).toBe(Code.FailedPrecondition);
    expect(lab.served).toBe(0);
  });

  it.each<[string, Interceptor]>([
    [
      "when it is called",
      () => () => {
        throw new ConnectError("no", Code.FailedPrecondition);
      },
    ],
    [
      "when it is set up",
      () => {
        throw new ConnectError("no", Code.FailedPrecondition);
      },
    ],
  ])("an interceptor that throws %s fails the call, and nothing else", async (_, refuse) => {
    await using lab = await startLab(echo, { http: wire.http });
    const client = createLabServiceClient(ourTransport(lab.url, wire, { interceptors: [refuse] }));
    const streams = [client.download({}), client.upload(), client.chat()];
    for (const stream of streams) {
      expect((await failure(stream.header)).code).toBe(Code.FailedPrecondition);
      expect((await stream.outcome).code).toBe(Code.FailedPrecondition);
    }
    expect((await failure(client.unary({}))).code).toBe(Code.FailedPrecondition);
    expect(lab.served).toBe(0);
  });

  it.each<[string, Interceptor]>([
    [
      "at once",
      () => () => {
        throw new TypeError("a bug");
      },
    ],
    [
      "later",
      () => async () => {
        throw new TypeError("a bug");
      },
    ],
  ])("a bug in an interceptor is no lost connection, thrown %s", async (_, broken) => {
    await using lab = await startLab(echo, { http: wire.http });
    const client = createLabServiceClient(ourTransport(lab.url, wire, { interceptors: [broken] }));
    expect((await client.download({}).outcome).code).toBe(Code.Unknown);
    expect((await failure(client.unary({}))).code).toBe(Code.Unknown);
    expect(lab.served).toBe(0);
  });

  it.each([
    ["without interceptors", []],
    ["behind an interceptor", [observer([])]],
  ])("the input of a stock client is told of an early end, %s", async (_, interceptors) => {
    await using lab = await startLab(
      { upload: (stream) => stream.sendAndClose({ text: "enough" }) },
      { http: wire.http },
    );
    const client = createClient(LabService, ourTransport(lab.url, wire, { interceptors }));
    const told = gate();
    const never = gate<IteratorResult<{ text: string }>>();
    const input: AsyncIterable<{ text: string }> = {
      [Symbol.asyncIterator]: () => ({
        next: () => never.promise,
        async return() {
          told.resolve();
          return { done: true, value: undefined };
        },
      }),
    };
    expect((await client.upload(input)).text).toBe("enough");
    await told.promise;
    await lab.idle();
  });

  it("contextValues reach interceptors", async () => {
    const users: string[] = [];
    const read: Interceptor = (next) => (request) => {
      users.push(request.contextValues.get(user));
      return next(request);
    };
    await using lab = await startLab(echo, { http: wire.http });
    const client = createLabServiceClient(ourTransport(lab.url, wire, { interceptors: [read] }));
    const contextValues = createContextValues().set(user, "me");
    await client.download({ text: "a" }, { contextValues }).recv();
    await client.unary({}, { contextValues });
    expect(users).toEqual(["me", "me"]);
  });

  it("cancelling works behind an interceptor", async () => {
    const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
      for (;;) await stream.send({ payload: new Uint8Array(16 * 1024) });
    });
    await using lab = await startLab({ download: handler }, { http: wire.http });
    const client = createLabServiceClient(
      ourTransport(lab.url, wire, { interceptors: [observer([])] }),
    );
    for await (const _ of client.download({})) break;
    expect(ConnectError.from(await ended).code).toBe(Code.Canceled);
    await lab.idle();
  });
});

// biome-ignore lint/correctness/useYield: it fails instead.
async function* failing<T>(messages: AsyncIterable<T>, error: Error): AsyncIterable<T> {
  for await (const _ of messages) throw error;
}

async function* catching<T>(
  messages: AsyncIterable<T>,
  tell: (error: unknown) => void,
): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (error) {
    tell(error);
    throw error;
  }
}

describe.each(["handler returns", "client cancels"])("when the %s", (how) => {
  it.each(wires.filter(({ http }) => http === "2"))(
    "the finally of a server interceptor's request iterable runs, $name",
    async (wire) => {
      const cleaned = gate();
      const watching: Interceptor = (next) => (request) =>
        next(request.stream ? { ...request, message: watched(request.message) } : request);
      async function* watched<T extends object>(messages: AsyncIterable<T>): AsyncIterable<T> {
        try {
          for await (const message of messages) yield message;
        } finally {
          cleaned.resolve();
        }
      }
      await using lab = await startLab(
        {
          async chat(stream) {
            await stream.recv();
            await stream.send({ text: "heard" });
            if (how === "client cancels") await failure(stream.recv());
          },
        },
        { http: wire.http, adapter: { interceptors: [watching] } },
      );
      const call = generatedClient(ourTransport(lab.url, wire)).chat();
      await call.send({ text: "hi" });
      expect((await call.recv())?.text).toBe("heard");
      if (how === "client cancels") call.cancel();
      await cleaned.promise;
      call.cancel();
      await lab.idle();
    },
  );
});
