// SPDX-License-Identifier: Apache-2.0
// What a server is told of a handler that cannot be meant: when it is registered, or at the call.
import { create, toBinary } from "@bufbuild/protobuf";
import {
  Code,
  type ConnectRouter,
  createConnectRouter,
  type Interceptor,
} from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { serve, streamNodeAdapter } from "connect-stream/node";
import { describe, expect, it, vi } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { failure, observed, turn } from "../support/gate.js";
import { LabService, NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import {
  createLabServiceClient,
  type LabServiceHandler,
  registerLabService,
  registerNamesService,
} from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { grpcOn2, wires } from "../support/wires.js";

/** As JavaScript calls it. */
const register = registerLabService as (router: ConnectRouter, handler: unknown) => ConnectRouter;

const helper = () => undefined;
const complete = { unary: helper, download: helper, upload: helper, chat: helper };

class WithHelpers {
  arrow = helper;
  download = helper;
  helper() {}
}

describe("registerXService", () => {
  it.each([
    [undefined, " must be an object with a method for each RPC, not undefined"],
    [null, " must be an object with a method for each RPC, not null"],
    [5, " must be an object with a method for each RPC, not 5"],
    [{ download: 5 }, ": download must be a function, not 5"],
    [{ download: null }, ": download must be a function, not null"],
    [
      { downlaod: helper, unary: helper, upload: helper },
      " has downlaod, which is not an RPC, and lacks download, chat: move helpers out of the handler",
    ],
    [
      { Download: helper },
      " has Download, which is not an RPC, and lacks unary, download, upload, chat",
    ],
  ])("refuses %o", (handler, message) => {
    const refused = () => register(createConnectRouter(), handler);
    expect(refused).toThrow(TypeError);
    expect(refused).toThrow(`the handler of lab.v1.LabService${message}`);
  });

  it.each([
    ["an RPC that is left out on purpose", { download: undefined }],
    ["nothing", {}],
    ["data beside methods", { download: helper, calls: 0 }],
    ["helpers beside all RPCs, or the RPCs of another service", { ...complete, helper }],
    ["helpers of a class", new WithHelpers()],
    ["helpers of what a class inherits", new (class extends WithHelpers {})()],
    ["helpers of an object with a prototype of its own", Object.create({ helper, unary: helper })],
    ["the exports of a module", Object.assign(Object.create(null), { helper, unary: helper })],
  ])("accepts %s", (_, handler) => {
    expect(() => register(createConnectRouter(), handler)).not.toThrow();
  });
});

describe("a class in the place of an instance", () => {
  class Lab {
    async unary() {
      return {};
    }
  }
  const WithStatics = Object.assign(class {}, { unary: async () => ({}) });

  it("is refused", () => {
    for (const handler of [Lab, class {}, class extends Lab {}]) {
      const refused = () => register(createConnectRouter(), handler);
      expect(refused).toThrow(TypeError);
      expect(refused).toThrow(
        "the handler of lab.v1.LabService must be an object with a method for each RPC, not a class: pass an instance",
      );
    }
  });

  it.each([
    ["an instance", new Lab()],
    ["a class whose methods are static", WithStatics],
  ])("%s is accepted", (_, handler) => {
    expect(() => register(createConnectRouter(), handler)).not.toThrow();
  });
});

describe("a service that is registered twice", () => {
  const twice = "lab.v1.LabService is registered twice on this router";

  it.each([
    ["by the same", registerLabService],
    ["after Connect's own way", (router: ConnectRouter) => router.service(LabService, {})],
  ])("is refused: %s", async (_, first) => {
    const routes = (router: ConnectRouter) => {
      (first as typeof registerLabService)(router, {});
      registerLabService(router, {});
    };
    await expect(serve({ routes })).rejects.toThrow(twice);
    expect(() => streamNodeAdapter({ routes })).toThrow(TypeError);
    expect(() => connectNodeAdapter({ routes })).toThrow(twice);
  });

  it("is no other service, and not on another router", () => {
    for (const router of [createConnectRouter(), createConnectRouter()]) {
      registerLabService(router, {});
      registerNamesService(router, {});
    }
  });
});

describe("routes that register nothing", () => {
  const nothing = /^routes registers no service: call registerXService/;

  it.each([
    ["they are empty", () => undefined],
    [
      "they come too late",
      async (router: ConnectRouter) => {
        await turn();
        registerLabService(router, {});
      },
    ],
    ["they forget to call", () => registerLabService],
  ])("are refused: %s", async (_, routes) => {
    await expect(serve({ routes })).rejects.toThrow(nothing);
    expect(() => streamNodeAdapter({ routes })).toThrow(TypeError);
  });

  it("are accepted where a fallback answers", async () => {
    const server = await serve({
      routes: () => undefined,
      fallback(_, response) {
        response.statusCode = 204;
        response.end();
      },
    });
    expect((await fetch(server.url)).status).toBe(204);
    await server.close();
  });
});

/** Old versions of protobuf-es take null for an empty message. */
const refusesNull = (() => {
  try {
    toBinary(NoteSchema, create(NoteSchema, { replies: [null as never] }));
    return false;
  } catch {
    return true;
  }
})();

describe("a value of the wrong type in a message", () => {
  /** What JavaScript sends; what its error names. */
  const messages: readonly (readonly [object, string])[] = [
    [{ number: "x" }, "lab.v1.Note.number"],
    [{ number: 1.5 }, "lab.v1.Note.number"],
    [{ text: 5 }, "lab.v1.Note.text"],
    [{ text: {} }, "lab.v1.Note.text"],
    [{ payload: "x" }, "lab.v1.Note.payload"],
    [{ payload: 5 }, "lab.v1.Note.payload"],
    [{ replies: 5 }, "lab.v1.Note.replies"],
    [{ replies: ["x"] }, "lab.v1.Note.replies"],
    [{ replies: [5] }, "lab.v1.Note.replies"],
    ...(refusesNull ? [[{ replies: [null] }, "lab.v1.Note.replies"] as const] : []),
    [{ replies: [{ replies: ["x"] }] }, "lab.v1.Note.replies"],
    [{ replies: [{ number: "x" }] }, "lab.v1.Note.number"],
  ];
  const wrong = (field: string) => ({
    code: Code.Internal,
    rawMessage: expect.stringContaining(field),
  });

  it.each([5, "x", null, undefined, [], true].map((message) => [message]))(
    "is no message: %o",
    async (message) => {
      const { result } = await told({}, (client) => client.chat().send(message as never));
      expect(result).toMatchObject({
        code: Code.Internal,
        rawMessage: expect.stringMatching(
          /^cannot encode message lab\.v1\.Note: it must be an object/,
        ),
      });
    },
  );

  describe.each(wires.map((wire) => [wire.name, wire] as const))("%s", (_, wire) => {
    it.each(messages)("is named to who sends it, %o", async (message, field) => {
      let answered: unknown;
      await using lab = await startLab(
        {
          unary: async () => message as never,
          async download(_, stream) {
            answered = await failure(stream.send(message as never));
          },
          upload: (stream) => stream.sendAndClose(message as never),
        },
        { http: wire.http },
      );
      const client = createLabServiceClient(ourTransport(lab.url, wire));
      expect(await client.download({}).recv()).toBeUndefined();
      expect(answered).toMatchObject(wrong(field));
      const upload = client.upload();
      const sent = [client.unary(message), upload.send(message), client.download(message).recv()];
      for (const error of await Promise.all(sent.map(failure))) {
        expect(error).toMatchObject(wrong(field));
      }
      upload.close();
      const responses = [client.unary({}), client.upload().closeAndRecv()];
      for (const error of await Promise.all(responses.map(failure))) {
        expect(error).toMatchObject(wrong(field));
      }
    });
  });
});

describe("a message that is sent after the handler has returned", () => {
  type Chat = Parameters<LabServiceHandler["chat"]>[0];
  const message = (name: string) =>
    `the handler of lab.v1.LabService.${name} sent a message after it had returned: stop what sends before that`;

  it.each([
    ["alone", {}],
    ["behind an interceptor", { interceptors: [((next) => next) as Interceptor] }],
  ])("is told, once: %s", async (_, options) => {
    let event = (): Promise<void> => Promise.resolve();
    const errors: unknown[] = [];
    await using lab = await startLab(
      {
        async download(_, stream) {
          event = () => stream.send({ text: "late" });
          await stream.send({ text: "in time" });
        },
      },
      { service: { onError: (error) => errors.push(error), ...options } },
    );
    const client = createLabServiceClient(ourTransport(lab.url, grpcOn2));
    const texts: string[] = [];
    for await (const { text } of client.download({})) texts.push(text);
    expect(texts).toEqual(["in time"]);
    expect(errors).toEqual([]);
    for (let i = 0; i < 3; i++) expect((await failure(event())).code).toBe(Code.Canceled);
    expect(errors).toEqual([expect.objectContaining({ message: message("Download") })]);
  });

  it("is no mistake if it was sent before, or if the client has gone", async () => {
    let event = (): Promise<void> => Promise.resolve();
    const { handler, ended } = observed(async (stream: Chat) => {
      event = () => stream.send({});
      stream.sendHeaders();
      await stream.recv();
    });
    const { errors } = await told(
      {
        chat: handler,
        download(_: unknown, stream: Parameters<LabServiceHandler["download"]>[1]) {
          void stream.send({ text: "not awaited" });
        },
      },
      async (client) => {
        await client.download({}).recv();
        const chat = client.chat();
        await chat.header;
        chat.close();
        await ended;
        await failure(event());
      },
    );
    expect(errors).toEqual([]);
  });
});

/** Serves `handler`, and makes its call; gives what the client and what the server was told. */
async function told(
  handler: object,
  call: (client: ReturnType<typeof createLabServiceClient>) => Promise<unknown>,
) {
  const errors: unknown[] = [];
  const names: string[] = [];
  await using lab = await startLab(handler as Partial<LabServiceHandler>, {
    service: {
      onError(error, { method }) {
        errors.push(error);
        names.push(method.name);
      },
    },
  });
  const client = createLabServiceClient(ourTransport(lab.url, grpcOn2));
  const result = await call(client).catch((error: unknown) => error);
  await lab.idle();
  return { result, errors, names };
}

const generators = {
  async *download() {
    yield { text: "never" };
  },
  *chat() {
    yield { text: "never" };
  },
  async *upload() {
    yield { text: "never" };
  },
};

it.each([
  ["Download", "stream.send", "download"],
  ["Chat", "stream.send", "chat"],
  ["Upload", "stream.sendAndClose", "upload"],
] as const)("a handler of %s that is a generator is told to use %s", async (name, what, kind) => {
  const { result, errors, names } = await told(generators, (client) => {
    if (kind === "download") return client.download({}).recv();
    return kind === "chat" ? client.chat().recv() : client.upload().closeAndRecv();
  });
  const message = `the handler of lab.v1.LabService.${name} returned an iterable, as a generator does: to respond, call ${what}`;
  expect(result).toMatchObject({ code: Code.Internal, rawMessage: message });
  expect(errors).toEqual([expect.objectContaining({ rawMessage: message })]);
  expect(names).toEqual([name]);
});

it("without onError it is printed", async () => {
  const printed = vi.spyOn(console, "error").mockReturnValue(undefined);
  try {
    const handler: object = generators;
    await using lab = await startLab(handler as Partial<LabServiceHandler>);
    const client = createLabServiceClient(ourTransport(lab.url, grpcOn2));
    expect((await failure(client.download({}).recv())).code).toBe(Code.Internal);
    expect(printed).toHaveBeenCalledTimes(1);
    expect(String(printed.mock.calls[0])).toContain("call stream.send");
  } finally {
    printed.mockRestore();
  }
});

it("a handler may return a list, as Promise.all does", async () => {
  const { result, errors } = await told(
    {
      chat: (stream: Parameters<LabServiceHandler["chat"]>[0]) =>
        Promise.all([stream.send({ text: "a" }), stream.send({ text: "b" })]),
    },
    (client) => client.chat().recv(),
  );
  expect(result).toMatchObject({ text: "a" });
  expect(errors).toEqual([]);
});

type Upload = LabServiceHandler["upload"];

describe("sendAndClose", () => {
  const send = async (upload: Upload) =>
    told({ upload }, (client) => client.upload().closeAndRecv());

  it("is missing: both sides are told", async () => {
    const { result, errors, names } = await send(async () => undefined);
    const rawMessage = "the handler of lab.v1.LabService.Upload returned without sendAndClose";
    expect(result).toMatchObject({ code: Code.Internal, rawMessage });
    expect(errors).toEqual([expect.objectContaining({ rawMessage })]);
    expect(names).toEqual(["Upload"]);
  });

  const twice = "the handler of lab.v1.LabService.Upload called sendAndClose twice";

  it("is called twice, and awaited: both sides are told, once", async () => {
    const { result, errors } = await send(async (stream) => {
      await stream.sendAndClose({});
      await stream.sendAndClose({});
    });
    expect(result).toMatchObject({ code: Code.Internal, rawMessage: twice });
    expect(errors).toEqual([expect.objectContaining({ rawMessage: twice })]);
  });

  it("is called twice, and not awaited: the server is told", async () => {
    const { result, errors } = await send(async (stream) => {
      await stream.sendAndClose({ text: "first" });
      void stream.sendAndClose({ text: "second" });
    });
    expect(result).toMatchObject({ text: "first" });
    expect(errors).toEqual([expect.objectContaining({ rawMessage: twice })]);
  });

  it("is missing because the client has gone: that is no mistake", async () => {
    const { handler, ended } = observed(async (stream: Parameters<Upload>[0]) => {
      stream.sendHeaders();
      await stream.recv().catch(() => undefined);
    });
    const { errors } = await told({ upload: handler }, async (client) => {
      const upload = client.upload();
      await upload.header;
      upload.close();
      await ended;
      await turn();
    });
    expect(errors).toEqual([]);
  });
});
