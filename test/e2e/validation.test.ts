// SPDX-License-Identifier: Apache-2.0
import { create, toBinary } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { ViolationsSchema } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  createConnectRouter,
  createRouterTransport,
  type Interceptor,
} from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { findFieldViolations, resumable, type StreamValidation } from "connect-stream";
import { createValidation } from "connect-stream/protovalidate";
import { describe, expect, it } from "vitest";
import { connectNodeTransport, ourTransport } from "../support/clients/transports.js";
import { failure, gate, observed } from "../support/gate.js";
import { RuledSchema } from "../support/gen/lab/v1/ruled_pb.js";
import {
  createRuledEntryServiceClient,
  createRuledServiceClient,
  type DownloadServerStream,
  type RuledServiceHandler,
  registerRuledEntryService,
  registerRuledService,
  type UploadServerStream,
} from "../support/gen/lab/v1/ruled_stream.js";
import {
  createGiveServiceClient,
  createTakeServiceClient,
  createUnevaluableServiceClient,
  registerGiveService,
  registerTakeService,
  registerUnevaluableService,
  type UnevaluableServiceHandler,
} from "../support/gen/lab/v1/unruly_stream.js";
import { type LabOptions, startLab } from "../support/lab.js";
import { envelope, rawHttp2, statusOf } from "../support/raw.js";
import { connectOn2, grpcOn2, type Wire, wires } from "../support/wires.js";

interface Setting {
  readonly name: string;
  readonly wire: Wire;
  readonly options: LabOptions;
  readonly transport: typeof ourTransport;
}

const passing: Interceptor = (next) => (request) => next(request);

const settings: readonly Setting[] = [
  ...wires.map((wire) => ({ name: wire.name, wire, options: {}, transport: ourTransport })),
  {
    name: "behind interceptors",
    wire: grpcOn2,
    options: { adapter: { interceptors: [passing] } },
    transport: (url, wire) => ourTransport(url, wire, { interceptors: [passing] }),
  },
  {
    name: "Connect's adapter and transport",
    wire: connectOn2,
    options: { listener: connectNodeAdapter },
    transport: connectNodeTransport,
  },
];

const valid = { text: "ok" };
/** Without the text that its rules ask for. */
const invalid = { number: 1 };

const received = createValidation();
const both = createValidation({ sent: true });

/** Sees a `ConnectError` as one who has the request wrong. */
function expectBadRequest(error: ConnectError): void {
  expect(error.code).toBe(Code.InvalidArgument);
  expect(error.rawMessage).toBe("invalid lab.v1.Ruled: text: value is required [required]");
  expect(findFieldViolations(error)).toMatchObject([
    { field: "text", description: "value is required" },
  ]);
  expect(ruleIds(error)).toEqual(["required"]);
}

/** Sees a `ConnectError` as one whom the other side has let down. */
function expectBadResponse(error: ConnectError): void {
  expect(error.code).toBe(Code.Internal);
  expect(error.rawMessage).toBe("invalid lab.v1.Ruled: text: value is required [required]");
  expect(findFieldViolations(error)).toEqual([]);
  expect(ruleIds(error)).toEqual(["required"]);
}

function ruleIds(error: ConnectError): string[] {
  return error.findDetails(ViolationsSchema)[0]?.violations.map(({ ruleId }) => ruleId) ?? [];
}

describe.each(settings)("$name", ({ wire, options, transport }) => {
  const serve = (handler: Partial<RuledServiceHandler>, validation?: StreamValidation) =>
    startLab(
      {},
      {
        ...options,
        http: wire.http,
        routes: (router) =>
          void registerRuledService(router, handler, validation ? { validation } : {}),
      },
    );
  const dial = (url: string, validation?: StreamValidation) =>
    createRuledServiceClient(transport(url, wire), validation ? { validation } : {});

  describe("a server", () => {
    it("ends a call with an invalid message", async () => {
      const { handler, ended } = observed(async (stream: UploadServerStream) => {
        let number = 0;
        for await (const _ of stream) number++;
        await stream.sendAndClose({ number });
      });
      await using lab = await serve({ upload: handler }, received);
      const client = dial(lab.url);
      const good = client.upload();
      await good.send(valid);
      expect(await good.closeAndRecv()).toMatchObject({ number: 1 });
      const bad = client.upload();
      for (const message of [valid, invalid, valid]) {
        void bad.send(message).catch(() => undefined);
      }
      expectBadRequest(await failure(bad.closeAndRecv()));
      expectBadRequest((await ended.then(() => bad.outcome)).error as ConnectError);
      await lab.idle();
    });

    it("ends it whatever the handler does", async () => {
      const errors: unknown[] = [];
      const upload = async (stream: UploadServerStream) => {
        await stream.recv().catch((error: unknown) => errors.push(error));
        await stream.recv().catch((error: unknown) => errors.push(error));
        await stream.sendAndClose(valid).catch(() => undefined);
      };
      await using lab = await serve({ upload }, received);
      const call = dial(lab.url).upload();
      void call.send(invalid).catch(() => undefined);
      expectBadRequest(await failure(call.closeAndRecv()));
      expect(errors).toMatchObject([
        { code: Code.InvalidArgument },
        { code: Code.InvalidArgument },
      ]);
      await lab.idle();
    });

    it("calls no handler with an invalid request", async () => {
      let calls = 0;
      const handler: Partial<RuledServiceHandler> = {
        async unary() {
          calls++;
          return valid;
        },
        async download() {
          calls++;
        },
      };
      await using lab = await serve(handler, received);
      const client = dial(lab.url);
      expectBadRequest(await failure(client.unary(invalid)));
      expectBadRequest(await failure(client.download(invalid).recv()));
      expect(calls).toBe(0);
      expect(await client.unary(valid)).toMatchObject(valid);
      expect(calls).toBe(1);
      await lab.idle();
    });

    it("sends no invalid message if told so", async () => {
      const errors: ConnectError[] = [];
      const handler: Partial<RuledServiceHandler> = {
        async unary() {
          return invalid;
        },
        async download(_request, stream) {
          errors.push(await failure(stream.send(invalid)));
          await stream.send(valid);
        },
        async upload(stream) {
          errors.push(await failure(stream.sendAndClose(invalid)));
          await stream.sendAndClose(valid);
        },
      };
      await using lab = await serve(handler, both);
      const client = dial(lab.url);
      expectBadResponse(await failure(client.unary(valid)));
      const download = client.download(valid);
      expect(await download.recv()).toMatchObject(valid);
      expect(await download.recv()).toBeUndefined();
      expect(await client.upload().closeAndRecv()).toMatchObject(valid);
      expect(errors).toHaveLength(2);
      errors.forEach(expectBadResponse);
      await lab.idle();
    });
  });

  describe("a client", () => {
    it("ends a call with an invalid response", async () => {
      const over = gate<unknown>();
      const handler: Partial<RuledServiceHandler> = {
        unary: async () => invalid,
        async download(_request, stream) {
          await stream.send(valid);
          await stream.send(invalid);
          const { signal } = stream.context;
          signal.addEventListener("abort", () => over.resolve(signal.reason));
          await over.promise;
        },
        upload: (stream) => stream.sendAndClose(invalid),
      };
      await using lab = await serve(handler);
      const client = dial(lab.url, received);
      expectBadResponse(await failure(client.unary(valid)));
      expectBadResponse(await failure(client.upload().closeAndRecv()));
      const download = client.download(valid);
      expect(await download.recv()).toMatchObject(valid);
      expectBadResponse(await failure(download.recv()));
      expect(await download.outcome).toMatchObject({ code: Code.Internal, endedBy: "client" });
      expect(await over.promise).toMatchObject({ code: Code.Canceled });
      expect(await client.unary(valid, { validation: false })).toMatchObject(invalid);
      await lab.idle();
    });

    it("gives nothing after an invalid response, though the call is over", async () => {
      const download: RuledServiceHandler["download"] = async (_request, stream) => {
        for (const message of [invalid, valid, valid]) await stream.send(message);
      };
      await using lab = await serve({ download });
      const client = dial(lab.url, received);
      const late = { queues: { receive: { maxMessages: 10 } } };
      const stream = client.download(valid, late);
      expect((await stream.outcome).code).toBeUndefined();
      const two = [stream.recv(), stream.recv()];
      for (const recv of [...two, stream.recv()]) expectBadResponse(await failure(recv));
      expectBadResponse(await failure(stream.recv()));
      expect(stream.queued.receive.messages).toBe(0);
      await lab.idle();
    });

    it("sends no invalid message if told so", async () => {
      const texts: string[] = [];
      const handler: Partial<RuledServiceHandler> = {
        async unary({ text }) {
          texts.push(text);
          return valid;
        },
        async download({ text }: { text: string }, _: DownloadServerStream) {
          texts.push(text);
        },
        async upload(stream) {
          for await (const { text } of stream) texts.push(text);
          await stream.sendAndClose(valid);
        },
      };
      await using lab = await serve(handler);
      const client = dial(lab.url);
      const validation = both;
      expectBadRequest(await failure(client.unary(invalid, { validation })));
      const download = client.download(invalid, { validation });
      expectBadRequest(await failure(download.recv()));
      expect(await download.outcome).toMatchObject({ endedBy: "client" });
      const upload = client.upload({ validation });
      await upload.send({ text: "first" });
      expectBadRequest(await failure(upload.send(invalid)));
      await upload.send({ text: "last" });
      expect(await upload.closeAndRecv()).toMatchObject(valid);
      expect(texts).toEqual(["first", "last"]);
      await lab.idle();
    });
  });
});

it("a client that said how long its request is may send all of it, and gets the answer", async () => {
  const checked = gate();
  const validation: StreamValidation = {
    ...received,
    check(...args) {
      checked.resolve();
      return received.check(...args);
    },
  };
  const { handler, ended } = observed(async (stream: UploadServerStream) => {
    void stream.recv().catch(() => undefined);
    await checked.promise;
    await stream.sendAndClose(valid);
  });
  const routes = (router: ConnectRouter) =>
    void registerRuledService(router, { upload: handler }, { validation });
  await using lab = await startLab({}, { routes });
  const [bad, good] = [invalid, valid].map((message) =>
    envelope(toBinary(RuledSchema, create(RuledSchema, message))),
  );
  if (!bad || !good) throw new Error("two messages");
  const headers = {
    ":path": "/lab.v1.RuledService/Upload",
    "content-type": "application/grpc",
    "content-length": bad.length + good.length,
  };
  async function* parts(first: Uint8Array, second: Uint8Array) {
    yield first;
    await ended;
    yield second;
  }
  const response = await rawHttp2(lab.url, headers, parts(bad, good));
  expect(statusOf(response)).toBe("invalid_argument");
  expect(response.rstCode).toBe(0);
  await lab.idle();
});

describe("rules that do not compile", () => {
  const reason = /^validation: the rules of lab\.v1\.Uncompiled\.Item do not compile: .*broken/;
  const transport = createRouterTransport(() => undefined);
  const settle = (validation: StreamValidation) => ({
    "requests of a server": () => registerTakeService(createConnectRouter(), {}, { validation }),
    "responses of a server": () => registerGiveService(createConnectRouter(), {}, { validation }),
    "requests of a client": () => createTakeServiceClient(transport, { validation }),
    "responses of a client": () => createGiveServiceClient(transport, { validation }),
    "requests of a call": () => createTakeServiceClient(transport).take({ validation }),
  });
  const received = settle(createValidation());
  const both = settle(createValidation({ sent: true }));

  it.each(["requests of a server", "responses of a client"] as const)(
    "are reported when they are set: %s",
    (name) => {
      expect(received[name]).toThrow(TypeError);
      expect(received[name]).toThrow(reason);
      expect(both[name]).toThrow(reason);
    },
  );

  it.each(["responses of a server", "requests of a client", "requests of a call"] as const)(
    "matter for %s only if they are validated",
    (name) => {
      expect(received[name]).not.toThrow();
      expect(both[name]).toThrow(reason);
    },
  );

  it("an object that is no validation is refused, too", () => {
    const validation = createValidator();
    const router = createConnectRouter();
    // @ts-expect-error a validator is no validation
    expect(() => registerGiveService(router, {}, { validation })).toThrow(
      "validation is what createValidation of connect-stream/protovalidate gives",
    );
  });
});

describe("rules that have no answer", () => {
  const fine = { items: [1] };

  it("are a fault of the server that applies them: reported, and hidden from clients", async () => {
    const reported: string[] = [];
    const transport = createRouterTransport((router) => {
      const handler: Partial<UnevaluableServiceHandler> = {
        look: async () => fine,
        follow: async () => undefined,
      };
      registerUnevaluableService(router, handler, {
        validation: received,
        onError: (error, { method }) => reported.push(`${method.name}: ${error}`),
      });
    });
    const client = createUnevaluableServiceClient(transport);
    expect(await client.look(fine)).toMatchObject(fine);
    for (const failed of [client.look({}), client.follow({}).recv()]) {
      expect(await failure(failed)).toMatchObject({
        code: Code.Internal,
        rawMessage: "internal error",
      });
    }
    expect(reported).toEqual([
      "Look: RuntimeError: index 0 out of bounds [0, -1)",
      "Follow: RuntimeError: index 0 out of bounds [0, -1)",
    ]);
  });

  it("are a fault of the client that applies them", async () => {
    const transport = createRouterTransport((router) => {
      registerUnevaluableService(router, {
        look: async () => ({}),
        follow: (_request, stream) => stream.send({}),
      });
    });
    const client = createUnevaluableServiceClient(transport, { validation: received });
    for (const failed of [client.look({}), client.follow({}).recv()]) {
      expect(await failure(failed)).toMatchObject({
        code: Code.Internal,
        rawMessage: "index 0 out of bounds [0, -1)",
      });
    }
  });
});

describe("initial metadata", () => {
  const serveEntry = (seen: string[]) =>
    startLab(
      {},
      {
        http: grpcOn2.http,
        routes: (router) =>
          void registerRuledEntryService(
            router,
            {
              async enter({ userId }, stream) {
                seen.push(userId);
                await stream.sendAndClose(valid);
              },
            },
            { validation: received },
          ),
      },
    );

  it("is checked before the handler runs", async () => {
    const seen: string[] = [];
    await using lab = await serveEntry(seen);
    const client = createRuledEntryServiceClient(ourTransport(lab.url, grpcOn2));
    expect(await client.enter({ userId: "ada" }).closeAndRecv()).toMatchObject(valid);
    const error = await failure(client.enter({}).closeAndRecv());
    expect(error.code).toBe(Code.InvalidArgument);
    expect(findFieldViolations(error)).toMatchObject([{ field: "user_id" }]);
    expect(seen).toEqual(["ada"]);
  });

  it("is checked before it is sent, where messages are", async () => {
    const seen: string[] = [];
    await using lab = await serveEntry(seen);
    const transport = ourTransport(lab.url, grpcOn2);
    const client = createRuledEntryServiceClient(transport, { validation: both });
    const stream = client.enter({});
    expect((await failure(stream.closeAndRecv())).code).toBe(Code.InvalidArgument);
    expect(await stream.outcome).toMatchObject({ endedBy: "client" });
    const unchecked = client.enter({}, { validation: false });
    expect((await failure(unchecked.closeAndRecv())).rawMessage).toContain("user_id");
    expect(await unchecked.outcome).toMatchObject({ endedBy: "server" });
    expect(seen).toEqual([]);
  });
});

it("a resumable stream ends at a response that is invalid each time", async () => {
  let calls = 0;
  await using lab = await startLab(
    {},
    {
      routes: (router) =>
        void registerRuledService(router, {
          async download(_request, stream) {
            calls++;
            for (const message of [valid, invalid]) await stream.send(message);
            throw new ConnectError("gone", Code.Unavailable);
          },
        }),
    },
  );
  const transport = ourTransport(lab.url, grpcOn2);
  const client = createRuledServiceClient(transport, { validation: received });
  const ends: Promise<unknown>[] = [];
  const stream = resumable(
    (request: typeof valid, options) => {
      const call = client.download(request, options);
      ends.push(call.outcome);
      return call;
    },
    { request: valid, next: (_, request) => request, initialBackoffMs: 1 },
  );
  // The server's own end is known before the invalid response is read.
  await Promise.all(ends);
  expect(await stream.recv()).toMatchObject(valid);
  expectBadResponse(await failure(stream.recv()));
  const outcome = { code: Code.Internal, endedBy: "client", attempts: 1 };
  expect(await stream.outcome).toMatchObject(outcome);
  expect(calls).toBe(1);
});
